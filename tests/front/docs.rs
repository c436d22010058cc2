//! Pages that are made from tables in the code. `UPDATE_DOCS=1 cargo test --test front` writes them anew.

use std::path::Path;

use mlpc::config::Level;
use mlpc::diagnostics::codes;
use mlpc::lint::RULES;
use mlpc::target;

fn hold(path: &str, made: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, made).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        there == made,
        "{path} is not what the code says: run UPDATE_DOCS=1 cargo test --test front"
    );
}

#[test]
fn the_page_of_codes() {
    let mut page = String::from(
        "# Codes\n\n\
         <!-- Made from the table of codes: UPDATE_DOCS=1 cargo test --test front -->\n\n\
         Every message of mlpc has a code: `E` is an error, `W` a warning, `L` a lint ([lints](lints.md)). `mlpc explain CODE` shows the same text.\n\n",
    );
    for entry in codes::all() {
        page.push_str(&format!(
            "- [{0}](#{1}): {2}\n",
            entry.code,
            anchor(entry.page),
            entry.title
        ));
    }
    for entry in codes::all() {
        page.push('\n');
        page.push_str(
            &entry
                .page
                .replace("\n## ", "\n### ")
                .replacen("# ", "## ", 1),
        );
    }
    hold("docs/codes.md", &page);
}

/// The anchor that GitHub gives a page's first line.
fn anchor(page: &str) -> String {
    let title = page
        .lines()
        .next()
        .unwrap()
        .trim_start_matches("# ")
        .to_lowercase();
    title
        .chars()
        .filter(|&c| c.is_alphanumeric() || " -_".contains(c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn the_page_of_lints() {
    let mut page = String::from(LINTS);
    page.push_str("| code | finds | level | `--fix` |\n|---|---|---|---|\n");
    for entry in codes::all().filter(|entry| entry.code.is_lint()) {
        let rule = RULES.iter().find(|rule| rule.code == entry.code);
        let level = match rule.map_or(Level::Warn, |rule| rule.level) {
            Level::Allow => "allow",
            Level::Warn => "warn",
            Level::Deny => "deny",
        };
        let fixes = rule.map_or(entry.code == codes::UNUSED_SUPPRESSION, |rule| rule.fixes);
        page.push_str(&format!(
            "| [{0}](codes.md#{1}) | {2} | {level} | {3} |\n",
            entry.code,
            anchor(entry.page),
            entry.title,
            if fixes { "yes" } else { "" }
        ));
    }
    hold("docs/lints.md", &page);
}

const LINTS: &str = include_str!("lints.md.in");

#[test]
fn every_rule_has_a_row_and_every_row_a_rule() {
    let rules: Vec<_> = RULES.iter().map(|rule| rule.code).collect();
    let rows = codes::all().map(|entry| entry.code);
    let rows: Vec<_> = rows
        .filter(|code| code.is_lint() && !code.as_str().starts_with("L00"))
        .collect();
    assert_eq!(rules, rows);
}

#[test]
fn the_page_of_targets() {
    hold(
        "docs/targets/README.md",
        &target::table::markdown(target::all()),
    );
}

#[test]
fn every_page_has_its_code_and_title_on_the_first_line_and_both_examples() {
    for entry in codes::all() {
        let first = format!("# {}: {}\n", entry.code, entry.title);
        assert!(
            entry.page.starts_with(&first),
            "{}: the first line is not `{}`",
            entry.code,
            first.trim()
        );
        for part in ["\n## Fails\n", "\n## Mended\n"] {
            assert_eq!(
                entry.page.matches(part).count(),
                1,
                "{}: {}",
                entry.code,
                part.trim()
            );
        }
        assert!(
            !entry.page.contains("\n\n\n"),
            "{}: two blank lines",
            entry.code
        );
    }
}

#[test]
fn every_code_has_one_row() {
    let mut seen = std::collections::HashSet::new();
    for entry in codes::all() {
        assert!(
            seen.insert(entry.code.as_str()),
            "{} is there twice",
            entry.code
        );
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnostics/codes/explain");
    for page in std::fs::read_dir(folder).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        let code = name.strip_suffix(".md").unwrap();
        assert!(seen.contains(code), "explain/{name} is the page of no code");
    }
}
