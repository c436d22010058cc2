//! The formatter, held against programs at random: it loses nothing (which [`fmt::format`] itself asserts) and formats its own text to
//! itself.

use mlpc::fmt;
use mlpc::syntax::{SyntaxKind, lexer};

use crate::ebnf::Grammar;
use crate::generate::{Generator, Random};
use crate::{DOC, SENTENCES, parsed};

fn check(text: &str) -> String {
    let parse = parsed(text);
    if parse.has_errors() {
        panic!("a bad sample: {:?}\n{text}", parse.diagnostics);
    }
    let once = std::panic::catch_unwind(|| fmt::format(&parse))
        .unwrap_or_else(|_| panic!("this can't be formatted:\n{text}"));
    let again = fmt::format(&parsed(&once));
    assert_eq!(once, again, "formatted twice, of\n{text}");
    for line in once.lines() {
        assert_eq!(line, line.trim_end(), "blanks at a line's end of\n{once}");
    }
    assert!(!once.contains("\n\n\n"), "two empty lines in\n{once}");
    once
}

/// `text` with comments of all kinds wherever a line ends.
fn commented(text: &str, random: &mut Random) -> String {
    let lexed = lexer::lex(text);
    let mut out = String::new();
    for at in 0..lexed.len() {
        if lexed.kind(at) == SyntaxKind::Newline {
            let behind = random.pick(&["", "", " # behind", " ## behind", "#behind"]);
            let is_behind_comment = at > 0 && lexed.kind(at - 1) == SyntaxKind::Comment;
            out.push_str(if is_behind_comment { "" } else { behind });
            out.push('\n');
            for _ in 0..random.below(3) {
                out.push_str(random.pick(&[
                    "",
                    "# own\n",
                    "  ## doc\n",
                    "\n",
                    "\n\n",
                    "\t# own  \n",
                ]));
            }
        } else {
            out.push_str(&text[lexed.range(at)]);
        }
    }
    out
}

/// `text` with line ends and comments at places where blanks stood, as far as the grammar lets them.
fn torn(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..6 {
        let lexed = lexer::lex(&text);
        if lexed.len() < 2 {
            break;
        }
        let at = 1 + random.below(lexed.len() - 1);
        let place = lexed.range(at).start;
        let put = random.pick(&[
            "\n",
            " # torn\n",
            "\n# torn\n",
            "\n\n## torn\n",
            " ## torn\n\n",
        ]);
        let other = format!("{}{put}{}", &text[..place], &text[place..]);
        let before = parsed(&text).syntax();
        let parse = parsed(&other);
        let solid = |root: &mlpc::syntax::SyntaxNode| {
            root.descendants()
                .map(|node| node.kind())
                .collect::<Vec<_>>()
        };
        if !parse.has_errors() && solid(&before) == solid(&parse.syntax()) {
            text = other;
        }
    }
    text
}

#[test]
fn any_program_is_formatted_without_a_change_of_its_meaning() {
    let grammar = Grammar::of(DOC).unwrap();
    let mut generator = Generator::new(&grammar);
    let mut random = Random::new(5);
    for seed in 0..SENTENCES / 2 {
        let text = generator.sentence(seed);
        check(&text);
        check(&commented(&text, &mut random));
        check(&commented(&torn(&text, &mut random), &mut random));
    }
}
