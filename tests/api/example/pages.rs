//! The web pages of the example `mcp_server`: what a browser shows at its address, and that
//! everything on its pages can be read, in the light and in the dark.

use std::collections::HashMap;

use serde_json::json;
use tower_jwt_auth::test_util::TestIssuer;

use super::program::Program;
use super::visitor::Visitor;
use crate::support::send;

#[tokio::test]
async fn field_h10_the_page_at_the_root_has_the_url_to_copy() {
    let issuer = TestIssuer::start();
    let public = json!({"resource": "https://mcp.example.com/mcp", "issuer": issuer.issuer()});
    let private = json!({"audience": "a", "issuer": issuer.issuer()});
    let odd = json!({"resource": "https://mcp.example.com/a&b", "issuer": issuer.issuer()});
    let development = Program::start(&[]);
    let (public, private) = (
        Program::with_config(&public, &[]),
        Program::with_config(&private, &[]),
    );
    let odd = Program::with_config(&odd, &[]);
    let host = json!({"resource": "https://mcp.example.com", "issuer": issuer.issuer()});
    let host = Program::with_config(&host, &[]);
    for (program, url, is_development) in [
        (&development, format!("{}/mcp", development.base), true),
        (&public, "https://mcp.example.com/mcp".to_owned(), false),
        (&private, format!("{}/mcp", private.base), false),
        (&host, "https://mcp.example.com/mcp".to_owned(), false),
        (&odd, "https://mcp.example.com/a&amp;b".to_owned(), false),
    ] {
        let page = send("GET", &format!("{}/", program.base), &[]).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{policy}");
        assert!(page.body.contains(&format!(">{url}</code>")), "{page:?}");
        let said = page.body.contains("Not for production");
        assert_eq!(said, is_development, "{page:?}");
        // It hands out no token.
        assert!(!page.body.contains("eyJ"), "{page:?}");
        let head = send("HEAD", &format!("{}/", program.base), &[]).await;
        assert_eq!(head.status, 200);
        let style = style_of(program, &page.body).await;
        assert!(style.contains("user-select: all"), "{style}");
    }
}

#[tokio::test]
async fn field_h10_the_pages_can_be_read_in_the_dark() {
    let program = Program::start(&[]);
    let visitor = Visitor::arrive(&program.base).await;
    let consent = visitor.open(&visitor.wish("mcp:read")).await;
    let home = visitor.browse(&format!("{}/", program.base)).await;
    let error = visitor.browse(&format!("{}/authorize", program.base)).await;
    let style = style_of(&program, &consent.body).await;
    for page in [home, error] {
        assert_eq!(style_of(&program, &page.body).await, style);
    }
    assert!(style.contains("color-scheme: light dark"), "{style}");
    let (light, dark) = style
        .split_once("@media (prefers-color-scheme: dark)")
        .unwrap();
    let (dark, rules) = dark.split_once("}\n}").unwrap();
    let (light, dark) = (colours(light), colours(dark));
    assert_eq!(light.len(), dark.len());
    for (scheme, colours) in [("light", &light), ("dark", &dark)] {
        for (text, ground) in [
            ("text", "page"),
            ("text", "card"),
            ("text", "code"),
            ("muted", "card"),
            ("banner-text", "banner"),
            ("allow-text", "allow"),
            ("quiet-text", "quiet"),
        ] {
            let ratio = contrast(colours[text], colours[ground]);
            // WCAG 2.2, 1.4.3.
            assert!(ratio >= 4.5, "{scheme}: {text} on {ground}: {ratio:.2}");
        }
    }
    // Every colour of the rules is one of these, so that none is forgotten in the dark.
    for rule in rules.lines() {
        assert!(!rule.contains('#'), "{rule}");
    }
    for name in light.keys() {
        assert!(rules.contains(&format!("var(--{name})")), "{name}");
    }
}

async fn style_of(program: &Program, page: &str) -> String {
    let (_, link) = page.split_once("rel=\"stylesheet\" href=\"").unwrap();
    let (path, _) = link.split_once('"').unwrap();
    let style = send("GET", &format!("{}{path}", program.base), &[]).await;
    assert_eq!(style.status, 200);
    assert_eq!(style.headers["content-type"], "text/css");
    style.body
}

/// The custom properties that are colours.
fn colours(style: &str) -> HashMap<String, [f64; 3]> {
    let lines = style.lines().filter_map(|line| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(": #")?;
        let value = u32::from_str_radix(value.trim_end_matches(';'), 16).unwrap();
        let channel = |shift: u32| f64::from(value >> shift & 0xff) / 255.0;
        Some((name.to_owned(), [channel(16), channel(8), channel(0)]))
    });
    lines.collect()
}

/// The contrast ratio of WCAG 2.2.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |colour: [f64; 3]| {
        let linear = colour.map(|channel| match channel <= 0.04045 {
            true => channel / 12.92,
            false => ((channel + 0.055) / 1.055).powf(2.4),
        });
        0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    };
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}
