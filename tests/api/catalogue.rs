//! Reads `tests/CATALOGUE.md` and the names of all tests: each row has its tests, and each test
//! that carries an id stands in the row of that id.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Words that stand before an id where two pages share a letter.
const PAGES: [&str; 3] = ["field", "fleet", "pop"];

#[test]
fn the_catalogue_and_the_tests_agree() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("tests/CATALOGUE.md")).unwrap();
    let (rows, tests) = (rows(&page), all_tests(root));
    assert!(
        rows.len() > 190 && tests.len() > 300,
        "something is not read"
    );
    let faults = faults(&rows, &tests);
    assert!(
        faults.is_empty(),
        "tests/CATALOGUE.md and the tests differ:\n{}",
        faults.join("\n")
    );
}

/// A row of a table: five cells, or four where it has no id.
#[derive(Debug)]
struct Row {
    id: Option<String>,
    tests: Vec<String>,
    package: String,
}

fn rows(page: &str) -> Vec<Row> {
    let lines = page.lines().filter(|line| line.starts_with('|'));
    let rows = lines.filter_map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (id, tests, package) = match cells[..] {
            [id, _, _, tests, package] => (Some(id.to_owned()), tests, package),
            [_, _, tests, package] => (None, tests, package),
            _ => return None,
        };
        let head = package == "package" || package.starts_with("---");
        let quoted = tests.split('`').skip(1).step_by(2);
        (!head).then(|| Row {
            id,
            tests: quoted.map(ToOwned::to_owned).collect(),
            package: package.to_owned(),
        })
    });
    rows.collect()
}

/// The path of each test, and its package.
type Tests = BTreeMap<String, String>;

fn all_tests(root: &Path) -> Tests {
    let mut tests = Tests::new();
    let own = "tower-jwt-auth";
    for folder in ["api", "vectors"] {
        collect(
            &root.join("tests").join(folder),
            folder,
            true,
            own,
            &mut tests,
        );
    }
    collect(&root.join("src"), "unit", false, own, &mut tests);
    // Packages beside the crate, where there are any.
    for package in fs::read_dir(root.join("extras")).into_iter().flatten() {
        let package = package.unwrap();
        let name = package.file_name().into_string().unwrap();
        collect(&package.path(), &name, false, &name, &mut tests);
    }
    tests
}

/// Adds the tests below `path`: with the modules in their path, or with `prefix` alone.
fn collect(path: &Path, prefix: &str, with_modules: bool, package: &str, tests: &mut Tests) {
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            let entry = entry.unwrap().path();
            let name = entry.file_stem().unwrap().to_str().unwrap();
            if matches!(name, "target" | "node_modules") {
                continue;
            }
            let module = with_modules && !matches!(name, "main" | "mod");
            let below = format!("{prefix}::{name}");
            let prefix = if module { &below } else { prefix };
            collect(&entry, prefix, with_modules, package, tests);
        }
    } else if path.extension().is_some_and(|extension| extension == "rs") {
        for name in names_of_tests(&fs::read_to_string(path).unwrap()) {
            tests.insert(format!("{prefix}::{name}"), package.to_owned());
        }
    }
}

/// The functions that run: those with a `#[test]` of some kind, and without `#[ignore]`.
fn names_of_tests(source: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if line.starts_with("#[ignore") {
            is_test = false;
        } else if !line.starts_with("#[") && !line.starts_with("//") {
            if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
                let end = rest.find(['(', '<']).unwrap_or(rest.len());
                names.push(rest[..end].to_owned());
            }
            is_test = false;
        }
    }
    names
}

/// The ids at the front of a test's name: `n47_n48_crit` carries N47 and N48, `field_f01_age`
/// carries FIELD F01.
fn ids(path: &str) -> BTreeSet<String> {
    let name = path.rsplit("::").next().unwrap();
    let page = PAGES.into_iter().find_map(|page| {
        let rest = name.strip_prefix(page)?.strip_prefix('_')?;
        Some((page, rest))
    });
    let (page, name) = page.unwrap_or(("", name));
    let words = name.split('_').take_while(|word| {
        let letter = word.starts_with(|letter: char| letter.is_ascii_lowercase());
        let digits = word.get(1..).unwrap_or_default();
        letter
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && (!page.is_empty() || word.starts_with(['n', 'a', 'm', 's']))
    });
    words
        .map(|word| format!("{page} {word}").trim_start().to_uppercase())
        .collect()
}

/// What is wrong, a line each.
fn faults(rows: &[Row], tests: &Tests) -> Vec<String> {
    let mut faults = Vec::new();
    let mut listed: BTreeMap<&str, &[String]> = BTreeMap::new();
    for row in rows {
        let name = row.id.as_deref().unwrap_or("a row without an id");
        if row.tests.is_empty() {
            faults.push(format!("{name}: no test"));
        }
        for test in &row.tests {
            match tests.get(test) {
                None => faults.push(format!("{name}: {test} does not exist")),
                Some(package) if *package != row.package => {
                    faults.push(format!("{name}: {test} is in {package}"));
                }
                Some(_) if row.id.as_ref().is_some_and(|id| !ids(test).contains(id)) => {
                    faults.push(format!("{name}: {test} does not carry this id"));
                }
                Some(_) => {}
            }
        }
        if let Some(id) = &row.id
            && listed.insert(id, &row.tests).is_some()
        {
            faults.push(format!("{id}: two rows"));
        }
    }
    for test in tests.keys() {
        for id in ids(test) {
            match listed.get(&*id) {
                None => faults.push(format!("{test}: the page has no row {id}")),
                Some(named) if !named.contains(test) => {
                    faults.push(format!("{test}: row {id} does not name it"));
                }
                Some(_) => {}
            }
        }
    }
    faults
}

#[test]
fn each_fault_of_the_catalogue_is_found() {
    let tests = |names: &[&str]| -> Tests {
        let names = names.iter();
        names
            .map(|name| ((*name).to_owned(), "here".to_owned()))
            .collect()
    };
    let row = |id: &str, test: &str| format!("| {id} | attack | 401 | {test} | here |\n");
    let page = row("N04", "`api::x::n04_n47_a`") + &row("N47", "`api::x::n04_n47_a`");
    let good = tests(&["api::x::n04_n47_a", "api::x::without_an_id"]);
    assert_eq!(faults(&rows(&page), &good), [""; 0]);

    let name = "`api::x::n04_n47_a`";
    for (what, page, tests, expected) in [
        (
            "an id without a test",
            page.replace(name, ""),
            tests(&[]),
            "N04: no test",
        ),
        (
            "a test that does not exist",
            page.clone(),
            tests(&["api::x::n4_n47_a"]),
            "N04: api::x::n04_n47_a does not exist",
        ),
        (
            "a part of an id",
            page.replace("N04", "N0").replace("N47", "N4"),
            good.clone(),
            "N0: api::x::n04_n47_a does not carry this id",
        ),
        (
            "an id that the page lacks",
            row("N04", name),
            good.clone(),
            "api::x::n04_n47_a: the page has no row N47",
        ),
        (
            "a test that its row does not name",
            page.clone(),
            tests(&["api::x::n04_n47_a", "api::y::n47_b"]),
            "api::y::n47_b: row N47 does not name it",
        ),
        (
            "two rows",
            page.clone() + &page,
            good.clone(),
            "N04: two rows",
        ),
        (
            "another package",
            page.replace("here", "there"),
            good.clone(),
            "N04: api::x::n04_n47_a is in here",
        ),
    ] {
        let found = faults(&rows(&page), &tests);
        assert_eq!(
            found.first().map(|fault| &**fault),
            Some(expected),
            "{what}: {found:?}"
        );
    }
}

#[test]
fn ids_are_read_whole_and_only_at_the_front() {
    for (name, expected) in [
        ("n47_n48_crit", &["N47", "N48"][..]),
        ("n4_x", &["N4"]),
        ("m7_m10_rfc6750_3_x", &["M10", "M7"]),
        ("field_f01_age", &["FIELD F01"]),
        ("pop_c01_x", &["POP C01"]),
        ("f01_age", &[]),
        ("field_of_n47", &[]),
        ("a_n47", &[]),
        ("n_47", &[]),
    ] {
        let expected: BTreeSet<_> = expected.iter().map(ToString::to_string).collect();
        assert_eq!(ids(&format!("api::x::{name}")), expected, "{name}");
    }
    let source = "
        #[tokio::test(start_paused = true)]
        async fn n01_runs() {}
        fn n02_helps() {}
        #[test]
        #[ignore]
        fn n03_does_not_run() {}
        #[test]
        /// A comment between.
        fn n04_runs_too() {}";
    assert_eq!(names_of_tests(source), ["n01_runs", "n04_runs_too"]);
}
