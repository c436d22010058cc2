//! Every page of `mlpc explain`: its failing example gives its code and no other error, its mended one neither.
//!
//! The words of a page's blocks: `mlp` is the program (`pipeline.mlp`), `file=PATH` another of its files; `python PATH` and `toml
//! PATH` stand beside it. After `mlp`, `target=NAME` compiles for a target, `pipeline=`, `profile=` and `set=` are the options of the
//! command line, `check` looks at all pipelines as `mlpc check` does, and `encoding=latin-1` writes the file so.

use mlpc::compile::{Compilation, Input, Request, Which, compile};
use mlpc::diagnostics::codes::{self, Entry};
use mlpc::diagnostics::render::{Format, Look, render};
use mlpc::lint::across::{self, Checked};
use mlpc::lint::{RULES, fix};
use mlpc::project::{Memory, Project};
use mlpc::target;

use crate::fences::{Fence, fences};

fn compiled(blocks: &[Fence], lint: bool) -> Compilation {
    let files = blocks.iter().map(|block| {
        let bytes = match block.option("encoding") {
            Some("latin-1") => block
                .text
                .chars()
                .map(|c| u8::try_from(c as u32).unwrap())
                .collect(),
            Some(other) => panic!("no encoding `{other}`"),
            None => block.text.clone().into_bytes(),
        };
        (block.path().to_owned(), bytes)
    });
    let project = Project::in_memory(Memory::new(files));
    let main = blocks
        .iter()
        .find(|block| block.path() == "pipeline.mlp")
        .unwrap();
    let text = |key: &str| main.option(key).map(str::to_owned);
    let request = Request {
        which: if lint || main.words.iter().any(|word| word == "check") {
            Which::Roots
        } else {
            Which::Entry
        },
        pipeline: text("pipeline"),
        settings: text("set").into_iter().collect(),
        profile: text("profile"),
        deny_warnings: false,
        lint,
    };
    let mut compilation = compile(&project, Input::File("pipeline.mlp".into()), &request).unwrap();
    if let Some(name) = main.option("target") {
        let target = target::find(name).unwrap_or_else(|| panic!("no target `{name}`"));
        compilation.emit(&[target]);
    }
    if !lint {
        return compilation;
    }
    let mut checked = [Checked {
        root: Default::default(),
        compilation,
    }];
    across::settle(&mut checked);
    let [Checked { compilation, .. }] = checked;
    compilation
}

/// What is wrong with a page; nothing when all is as it says.
fn faults(entry: &Entry) -> String {
    let mut faults = String::new();
    for part in ["Fails", "Mended"] {
        let blocks: Vec<Fence> = fences(entry.page)
            .into_iter()
            .filter(|block| block.heading == part)
            .collect();
        if !blocks.iter().any(|block| block.path() == "pipeline.mlp") {
            faults.push_str(&format!("\n{} {part}: there is no example\n", entry.code));
            continue;
        }
        let compilation = match std::panic::catch_unwind(|| compiled(&blocks, entry.code.is_lint()))
        {
            Ok(compilation) => compilation,
            Err(_) => {
                faults.push_str(&format!("\n{} {part}: panics\n", entry.code));
                continue;
            }
        };
        let diagnostics = &compilation.diagnostics;
        let has = diagnostics.iter().any(|one| one.code == entry.code);
        // The page of a rule shows nothing that another would object to.
        let other = diagnostics
            .iter()
            .any(|one| (one.is_error() || entry.code.is_lint()) && one.code != entry.code);
        let as_said = match part {
            "Fails" => has && !other,
            _ => !has && !other,
        };
        if !as_said {
            let text = render(
                diagnostics,
                &compilation.sources,
                Format::Human,
                Look::PLAIN,
            );
            let text = if text.is_empty() {
                "nothing is reported\n".to_owned()
            } else {
                text
            };
            faults.push_str(&format!("\n{} {part}:\n{text}", entry.code));
        }
    }
    faults
}

#[test]
fn every_page_fails_and_is_mended_as_it_says() {
    let only = std::env::var("CODE").unwrap_or_default();
    let faults: Vec<String> = codes::all()
        .filter(|entry| entry.code.as_str().starts_with(&only))
        .map(faults)
        .filter(|faults| !faults.is_empty())
        .collect();
    assert!(
        faults.is_empty(),
        "{} pages are wrong (CODE=E0301 tests one):\n{}",
        faults.len(),
        faults.concat()
    );
}

#[test]
fn what_a_rule_says_it_mends_is_mended() {
    let own = [codes::UNUSED_SUPPRESSION];
    let fixing = RULES.iter().filter(|rule| rule.fixes).map(|rule| rule.code);
    let fixing: Vec<_> = fixing.chain(own).collect();
    for entry in codes::all().filter(|entry| entry.code.is_lint()) {
        let mut blocks: Vec<Fence> = fences(entry.page)
            .into_iter()
            .filter(|block| block.heading == "Fails")
            .collect();
        let compilation = compiled(&blocks, true);
        let main = blocks
            .iter_mut()
            .find(|block| block.path() == "pipeline.mlp")
            .unwrap();
        let fixed = fix::apply(compilation.entry, &main.text, &compilation.diagnostics);
        assert_eq!(
            fixed.is_some(),
            fixing.contains(&entry.code),
            "{}",
            entry.code
        );
        if let Some((text, _)) = fixed {
            main.text = text;
            let left = compiled(&blocks, true).diagnostics;
            assert!(left.is_empty(), "{}: {left:?}", entry.code);
        }
    }
}
