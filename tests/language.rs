//! The reference of the language is true: every example of `docs/language.md` compiles, or fails as it says.
//!
//! The words of a block after `mlp`: `fails=CODE` gives that one error and nothing else, `warns=CODE` that one warning, `target=NAME`
//! is compiled for a target too, `file=PATH` is another file of the programs in its section, as is a `python PATH` block.

#[path = "front/fences.rs"]
mod fences;

use fences::{Fence, fences};
use mlpc::compile::{Compilation, Input, Request, Which, compile};
use mlpc::diagnostics::render::{Format, Look, render};
use mlpc::project::{Memory, Project};
use mlpc::target;

const PAGE: &str = include_str!("../docs/language.md");

fn compiled(program: &Fence, beside: &[&Fence]) -> Compilation {
    let files = beside
        .iter()
        .chain([&program])
        .map(|fence| (fence.path(), fence.text.as_str()));
    let project = Project::in_memory(Memory::new(files));
    let request = Request {
        which: Which::Roots,
        ..Request::default()
    };
    let mut compilation =
        compile(&project, Input::File("pipeline.mlp".into()), &request).expect("the file is there");
    if let Some(name) = program.option("target") {
        let target = target::find(name).unwrap_or_else(|| panic!("there is no target `{name}`"));
        let emitted = compilation.emit(&[target]);
        assert!(
            compilation.has_errors() || !emitted.is_empty(),
            "nothing is emitted"
        );
    }
    compilation
}

/// What of a page is not as it says; nothing when all is.
fn faults(page: &str) -> String {
    let fences = fences(page);
    let is_program = |fence: &Fence| fence.language() == "mlp" && fence.path() == "pipeline.mlp";
    let mut faults = String::new();
    for program in fences.iter().filter(|fence| is_program(fence)) {
        let beside: Vec<&Fence> = fences
            .iter()
            .filter(|fence| {
                fence.heading == program.heading && !is_program(fence) && !fence.path().is_empty()
            })
            .collect();
        let compilation = compiled(program, &beside);
        let codes: Vec<&str> = compilation
            .diagnostics
            .iter()
            .map(|one| one.code.as_str())
            .collect();
        let said: Vec<&str> = program
            .option("fails")
            .or(program.option("warns"))
            .into_iter()
            .collect();
        let fails = program.option("fails").is_some();
        if codes != said || compilation.has_errors() != fails {
            let text = render(
                &compilation.diagnostics,
                &compilation.sources,
                Format::Human,
                Look::PLAIN,
            );
            faults.push_str(&format!(
                "\n\"{}\" expects {said:?} of:\n\n{}\nand there is {codes:?}:\n{text}",
                program.heading, program.text
            ));
        }
    }
    faults
}

#[test]
fn every_example_of_the_reference_does_what_it_says() {
    let faults = faults(PAGE);
    assert!(faults.is_empty(), "{faults}");
}

#[test]
fn an_example_that_does_otherwise_is_noticed() {
    let fine = "component c() { shell: \"true\" }\npipeline p() { c() }\n";
    let wrong = "component c() { shell: \"true\" }\npipeline p() { d() }\n";
    let page = |words: &str, text: &str| format!("## Part\n\n```mlp {words}\n{text}```\n");
    for (words, text, is_true) in [
        ("", fine, true),
        ("fails=E0202", wrong, true),
        ("", wrong, false),
        ("fails=E0202", fine, false),
        ("fails=E0201", wrong, false),
        ("warns=W0301", fine, false),
    ] {
        assert_eq!(
            faults(&page(words, text)).is_empty(),
            is_true,
            "`{words}` for\n{text}"
        );
    }
}

#[test]
fn the_links_of_the_reference_lead_somewhere() {
    let headings: Vec<String> = PAGE
        .lines()
        .filter_map(|line| {
            Some(
                line.strip_prefix("##")?
                    .trim_start_matches('#')
                    .trim()
                    .to_lowercase(),
            )
        })
        .map(|title| title.replace(['`', ','], "").replace(' ', "-"))
        .collect();
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut seen = 0;
    for (at, _) in PAGE.match_indices("](") {
        let link = PAGE[at + 2..]
            .split(')')
            .next()
            .expect("a split has a first part");
        match link.strip_prefix('#') {
            Some(anchor) => assert!(
                headings.iter().any(|heading| heading == anchor),
                "no heading for #{anchor}"
            ),
            None => assert!(docs.join(link).exists(), "docs/{link} is not there"),
        }
        seen += 1;
    }
    assert!(seen > 10, "{seen} links");
}
