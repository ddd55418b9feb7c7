//! The picture: two dots for each crate on a logarithmic axis. It has the colours of a light or of
//! a dark page, and letters that a phone can show.

use std::fmt::Write as _;

use crate::peers::Role;
use crate::rows::Row;

const WIDTH: f64 = 480.0;
const LEFT: f64 = 20.0;
const RIGHT: f64 = 460.0;
const TOP: f64 = 128.0;
const ROW: f64 = 50.0;
/// Microseconds at the ends of the axis.
const AXIS: (f64, f64) = (0.3, 400.0);

const STYLE: &str = "<style>
svg{--bg:#fff;--ink:#1f2328;--dim:#59636e;--line:#d1d9e0;--own:#0969da;--other:#6e7781}
@media(prefers-color-scheme:dark){svg{--bg:#0d1117;--ink:#f0f6fc;--dim:#9198a1;--line:#3d444d;--own:#4493f8;--other:#9198a1}}
text{font:14px -apple-system,'Segoe UI','Noto Sans',Helvetica,Arial,sans-serif;fill:var(--ink);stroke:var(--bg);stroke-width:4px;paint-order:stroke}
.dim{font-size:13px;fill:var(--dim)}
.bold{font-weight:bold}
tspan{font-weight:normal}
.end{text-anchor:end}
.middle{text-anchor:middle}
.line{stroke:var(--line)}
.bare{stroke:var(--dim)}
.own{--of:var(--own)}
.other{--of:var(--other)}
.first{fill:var(--of)}
.again{fill:var(--bg);stroke:var(--of);stroke-width:2.5}
.between{stroke:var(--of);stroke-width:2.5}
</style>";

/// `bare` is the time of the bare signature check, in microseconds.
pub fn svg(rows: &[Row], bare: f64) -> String {
    // Without `decode`, which is no middleware.
    let rows: Vec<_> = rows.iter().filter(|row| row.form != "function").collect();
    let bottom = TOP + ROW * rows.len() as f64;
    let height = bottom + 40.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-labelledby=\"title\">
<title id=\"title\">The time that each crate adds to a request with an RS256 token: the first request with a token, and the same token again</title>
{STYLE}
<rect width=\"{WIDTH}\" height=\"{height}\" rx=\"8\" fill=\"var(--bg)\"/>
"
    );
    heading(&mut svg);
    axis(&mut svg, bottom, bare);
    for (number, row) in rows.iter().enumerate() {
        dots(&mut svg, row, TOP + ROW * number as f64, bare);
    }
    svg.push_str("</svg>\n");
    svg
}

fn heading(svg: &mut String) {
    text(
        svg,
        "bold",
        LEFT,
        30.0,
        "Time that a crate adds to a request",
    );
    text(
        svg,
        "dim",
        LEFT,
        52.0,
        "microseconds, logarithmic axis; RS256; further left is better",
    );
    circle(svg, "own first", LEFT + 6.0, 76.0);
    text(svg, "dim", LEFT + 20.0, 81.0, "first request with a token");
    circle(svg, "own again", LEFT + 206.0, 76.0);
    text(svg, "dim", LEFT + 220.0, 81.0, "the same token again");
}

fn axis(svg: &mut String, bottom: f64, bare: f64) {
    for tick in [1.0, 10.0, 100.0] {
        upright(svg, "line", at(tick), bottom);
        text(svg, "dim middle", at(tick), TOP - 16.0, &format!("{tick}"));
    }
    text(svg, "dim end", RIGHT, TOP - 16.0, "first, again");
    upright(svg, "bare\" stroke-dasharray=\"4 4", at(bare), bottom);
    let words = format!("dashed: a bare signature check, {bare:.1}");
    text(svg, "dim middle", at(bare), bottom + 22.0, &words);
}

fn dots(svg: &mut String, row: &Row, top: f64, bare: f64) {
    let Some(ratio) = row.first.get("RS256") else {
        return;
    };
    let (first, again) = (ratio * bare, row.again);
    let (of, weight) = match row.role {
        Role::Own => ("own", "bold"),
        _ => ("other", ""),
    };
    let name = row.name.replace('`', "");
    let (name, below) = name.split_once(", ").unwrap_or((&name, &row.crypto));
    let below = below.split(" (").next().unwrap_or(below);
    let name = format!("{name}<tspan class=\"dim\" dx=\"8\">{below}</tspan>");
    text(svg, weight, LEFT, top + 12.0, &name);
    text(
        svg,
        "dim end",
        RIGHT,
        top + 12.0,
        &format!("{first:.1}, {again:.1}"),
    );
    let middle = top + 28.0;
    let (from, to) = (at(again), at(first));
    let _ = writeln!(
        svg,
        "<line class=\"{of} between\" x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{middle}\" y2=\"{middle}\"/>"
    );
    // Where both are the same, the ring is around the dot.
    circle(svg, &format!("{of} again"), from, middle);
    circle(svg, &format!("{of} first"), to, middle);
}

fn at(microseconds: f64) -> f64 {
    let (least, most) = AXIS;
    LEFT + (RIGHT - LEFT) * (microseconds / least).ln() / (most / least).ln()
}

fn circle(svg: &mut String, class: &str, x: f64, y: f64) {
    let radius = if class.ends_with("again") { 6.5 } else { 4.5 };
    let _ = writeln!(
        svg,
        "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y}\" r=\"{radius}\"/>"
    );
}

fn upright(svg: &mut String, class: &str, x: f64, bottom: f64) {
    let top = TOP - 8.0;
    let _ = writeln!(
        svg,
        "<line class=\"{class}\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{top}\" y2=\"{bottom}\"/>"
    );
}

fn text(svg: &mut String, class: &str, x: f64, y: f64, words: &str) {
    let _ = writeln!(
        svg,
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y}\">{words}</text>"
    );
}
