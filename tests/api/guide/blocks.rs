//! The blocks of code in the guides and in the README: configuration files are read, and what no
//! doc test can compile is compiled in a package of `extras`, from which the page shows it.

use std::fs;
use std::path::Path;

use tower_jwt_auth::JwtAuthConfig;
use tower_jwt_auth::config::JwtAuthConfigBuilder;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[test]
fn every_file_that_a_page_shows_is_a_configuration() {
    let mut pages = files(&Path::new(ROOT).join("src/guide"));
    pages.push(format!("{ROOT}/README.md"));
    let mut read = 0;
    for page in pages {
        for file in blocks(&page, "json") {
            // The files of MCP clients, in `guide::clients`.
            if file.contains("mcpServers") {
                continue;
            }
            // A part of a file is read without the checks of the whole.
            let fault = match file.contains("\"issuer") {
                true => serde_json::from_str::<JwtAuthConfig>(&file).err(),
                false => serde_json::from_str::<JwtAuthConfigBuilder>(&file).err(),
            };
            assert!(fault.is_none(), "{page}: {fault:?}\n{file}");
            read += 1;
        }
    }
    assert!(read >= 20, "only {read} files");
}

#[test]
fn what_a_page_shows_of_a_package_is_in_the_package() {
    for (package, pages) in [
        (
            "migrations",
            files(&Path::new(ROOT).join("src/guide/migrate")),
        ),
        ("recipes", vec![format!("{ROOT}/src/guide/recipes.rs")]),
    ] {
        let sources = files(&Path::new(ROOT).join(format!("extras/{package}/src")));
        let sources = sources.iter().map(|path| (path, flat(&read(path))));
        let sources: Vec<_> = sources.collect();
        let (mut all, mut compared) = (String::new(), 0);
        for page in &pages {
            all += &read(page);
            // A doc test would need the dependencies of the package.
            let mark = format!("# #[cfg(any())] // compiled in extras/{package}\n# mod shown {{\n");
            for block in blocks(page, "") {
                let Some(shown) = block.strip_prefix(&mark) else {
                    continue;
                };
                // A page may leave out what stands between two items.
                for part in shown.trim_end_matches("# }\n").split("\n}\n") {
                    let part = flat(part);
                    let found = sources.iter().any(|(_, source)| source.contains(&part));
                    assert!(found, "{page}: not in extras/{package}:\n{part}");
                    compared += 1;
                }
            }
        }
        assert!(compared >= pages.len(), "only {compared} blocks");
        for (path, _) in sources {
            let name = Path::new(path).file_name().unwrap().to_str().unwrap();
            let is_shown =
                all.contains(name) || pages.iter().any(|page| page.ends_with(&format!("/{name}")));
            let is_shared = ["lib.rs", "support.rs"].contains(&name);
            assert!(is_shown || is_shared, "no page shows {path}");
        }
    }
}

/// All files below `folder`.
fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path.to_str().unwrap().to_owned()),
        }
    }
    found
}

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap()
}

/// The blocks of this language, without the marks of comments.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open = None;
    for line in read(page).lines() {
        let line = line.strip_prefix("//!").unwrap_or(line);
        let text = line.strip_prefix(' ').unwrap_or(line);
        match (&mut open, text.strip_prefix("```")) {
            (None, Some(begins)) => open = Some((begins == language, String::new())),
            (Some(_), Some(_)) => {
                let (is_wanted, block) = open.take().unwrap_or_default();
                blocks.extend(is_wanted.then_some(block));
            }
            (Some((_, block)), None) => *block += &format!("{text}\n"),
            (None, None) => {}
        }
    }
    blocks
}

/// The words of a text, so that its indentation does not matter.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
