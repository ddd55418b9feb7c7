//! The picture. Its grey background makes it readable on light and dark pages.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::peers::Role;
use crate::rows::Row;

const INK: RGBColor = RGBColor(120, 128, 140);
const AGAIN: RGBColor = RGBColor(160, 110, 220);
const COLOURS: [(&str, RGBColor); 3] = [
    ("RS256", RGBColor(60, 130, 240)),
    ("ES256", RGBColor(225, 125, 20)),
    ("EdDSA", RGBColor(35, 155, 100)),
];

/// Longer bars are cut here, because they would make the others too short to compare.
const MOST: (f64, f64) = (2.2, 40.0);

const WIDTH: i32 = 940;
const TOP: i32 = 64;
const BAR: i32 = 9;
const ROW: i32 = 3 * BAR + 14;
/// The start and end of both groups of bars: a first sight, and a token seen before.
const FIRST: (i32, i32) = (250, 650);
const SECOND: (i32, i32) = (730, 890);

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

pub fn svg(rows: &[Row]) -> String {
    let mut text = String::new();
    draw(rows, &mut text).expect("nothing but text is written");
    text
}

fn draw(rows: &[Row], text: &mut String) -> Drawn {
    // Without `decode`, which is no middleware, and without the slower back end of each crate.
    let rows: Vec<_> = rows.iter().filter(|row| row.form != "function").collect();
    let height = TOP + ROW * rows.len() as i32 + 26;
    let area = SVGBackend::with_string(text, (WIDTH as u32, height as u32)).into_drawing_area();
    heading(&area)?;
    let one = at(FIRST, 1.0 / MOST.0);
    let bottom = TOP + ROW * rows.len() as i32;
    area.draw(&PathElement::new(
        [(one, TOP - 6), (one, bottom)],
        INK.stroke_width(1),
    ))?;
    for (number, row) in rows.iter().enumerate() {
        let top = TOP + ROW * number as i32;
        let middle = top + 3 * BAR / 2;
        let weight = match row.role {
            Role::Own => FontStyle::Bold,
            _ => FontStyle::Normal,
        };
        let name = row.name.replace('`', "");
        let (name, below) = name.split_once(", ").unwrap_or((&name, ""));
        let below = if below.is_empty() { &row.crypto } else { below };
        write(
            &area,
            name,
            (FIRST.0 - 8, middle - 6),
            13,
            weight,
            HPos::Right,
        )?;
        write(
            &area,
            below,
            (FIRST.0 - 8, middle + 9),
            11,
            FontStyle::Normal,
            HPos::Right,
        )?;
        for (place, (algorithm, colour)) in COLOURS.iter().enumerate() {
            let Some(ratio) = row.first.get(*algorithm) else {
                continue;
            };
            let top = top + BAR * place as i32;
            bar(
                &area,
                FIRST,
                top,
                ratio / MOST.0,
                *colour,
                &format!("{ratio:.2}"),
            )?;
        }
        let figure = format!("{:.1}", row.again);
        bar(
            &area,
            SECOND,
            middle - BAR / 2,
            row.again / MOST.1,
            AGAIN,
            &figure,
        )?;
    }
    write(
        &area,
        "1 = bare verification",
        (one, bottom + 10),
        11,
        FontStyle::Normal,
        HPos::Center,
    )?;
    area.present()?;
    Ok(())
}

fn heading(area: &Area<'_>) -> Drawn {
    let title = "First sight of a token, over the bare signature check";
    write(area, title, (FIRST.0, 16), 14, FontStyle::Bold, HPos::Left)?;
    write(
        area,
        "The same token again, us",
        (SECOND.0, 16),
        14,
        FontStyle::Bold,
        HPos::Left,
    )?;
    for (place, (algorithm, colour)) in COLOURS.iter().enumerate() {
        let left = FIRST.0 + 90 * place as i32;
        area.draw(&Rectangle::new(
            [(left, 32), (left + 10, 42)],
            colour.filled(),
        ))?;
        write(
            area,
            algorithm,
            (left + 15, 37),
            12,
            FontStyle::Normal,
            HPos::Left,
        )?;
    }
    area.draw(&Rectangle::new(
        [(SECOND.0, 32), (SECOND.0 + 10, 42)],
        AGAIN.filled(),
    ))?;
    write(
        area,
        "RS256",
        (SECOND.0 + 15, 37),
        12,
        FontStyle::Normal,
        HPos::Left,
    )
}

fn at((left, right): (i32, i32), share: f64) -> i32 {
    left + (f64::from(right - left) * share) as i32
}

fn bar(
    area: &Area<'_>,
    between: (i32, i32),
    top: i32,
    share: f64,
    colour: RGBColor,
    figure: &str,
) -> Drawn {
    let bottom = top + BAR - 2;
    let (left, end) = (between.0, at(between, share.min(1.0)));
    let piece = |from: i32, to: i32| {
        let corners = [(from, top), (to, bottom)];
        area.draw(&Rectangle::new(corners, colour.filled()))
    };
    match share > 1.0 {
        false => piece(left, end.max(left + 1))?,
        true => {
            piece(left, end - 14)?;
            piece(end - 11, end - 7)?;
            piece(end - 4, end)?;
        }
    }
    let at = (end + 5, top + BAR / 2);
    write(area, figure, at, 11, FontStyle::Normal, HPos::Left)
}

fn write(
    area: &Area<'_>,
    text: &str,
    at: (i32, i32),
    size: i32,
    weight: FontStyle,
    from: HPos,
) -> Drawn {
    let style = TextStyle::from(("sans-serif", size, weight).into_font())
        .color(&INK)
        .pos(Pos::new(from, VPos::Center));
    area.draw(&Text::new(text.to_owned(), at, style))?;
    Ok(())
}
