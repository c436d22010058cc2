//! `run:` and `shell:` steps: their images need not have Python, so what they take must be there as text.
//!
//! An argument list stands in the executor as it was written, with placeholders for its ports, where it can. Where an argument may be
//! absent, or has text in it that is not safe in one piece, `sh` puts the list together. A value never is part of a script: a script
//! takes its values as positional arguments.

use super::encode::{is_safe, pieces, shell_word};
use super::wire::output_key;
use crate::graph::{Component, Part, Port, Step, Word};
use crate::types::Type;

/// How a command gets a port.
#[derive(Clone, Debug, PartialEq)]
pub enum Variable {
    /// One placeholder, filled in by the launcher.
    Filled(String),
    /// A list of artifacts, a placeholder each.
    Listed(Vec<String>),
    /// A placeholder for the paths of a list of artifacts, one a line.
    Lines(String),
    /// A placeholder for a dot and the text, or for nothing when it is absent.
    Marked(String),
    /// A constant in safe pieces.
    Pieces(Vec<String>),
    /// Known to be absent.
    Absent,
}

pub fn parameter(key: &str) -> String {
    format!("{{{{$.inputs.parameters['{key}']}}}}")
}

pub fn artifact(key: &str) -> String {
    format!("{{{{$.inputs.artifacts['{key}'].path}}}}")
}

fn output(port: &Port) -> String {
    let key = output_key(&port.name, &port.ty);
    if port.ty.artifact().is_some() {
        format!("{{{{$.outputs.artifacts['{key}'].path}}}}")
    } else {
        format!("{{{{$.outputs.parameters['{key}'].output_file}}}}")
    }
}

/// A final newline in an output is no part of it, and a command that is not in a script of ours leaves it there.
pub fn leaves_newline(component: &Component, port: &Port) -> bool {
    matches!(component.step, Step::Run(_)) && is_text(&port.ty)
}

fn is_text(ty: &Type) -> bool {
    ty.is_optional() && ty.is_value()
        || matches!(ty.base(), Type::Str | Type::Date | Type::DateTime)
}

/// The `command` and `args` of a container; `inputs` say how each input port is had, in the ports' order.
pub fn command(component: &Component, inputs: &[Variable]) -> (Vec<String>, Vec<String>) {
    let mut ports: Vec<(&str, Variable)> = component
        .inputs
        .iter()
        .zip(inputs)
        .map(|(port, variable)| (port.name.as_str(), variable.clone()))
        .collect();
    ports.extend(
        component
            .outputs
            .iter()
            .map(|port| (port.name.as_str(), Variable::Filled(output(port)))),
    );
    match &component.step {
        Step::Run(words) => match argv(words, &ports) {
            Some(mut argv) => {
                let args = argv.split_off(1);
                (argv, args)
            }
            None => script(&argv_script(words, &ports), &ports, &[]),
        },
        Step::Shell(text) => script(text, &ports, &component.outputs),
        Step::Python(_) => unreachable!("Python steps go by the shim"),
    }
}

/// The list with placeholders, where that is all it takes.
fn argv(words: &[Word], ports: &[(&str, Variable)]) -> Option<Vec<String>> {
    let mut argv = Vec::new();
    let find = |name: &str| {
        &ports
            .iter()
            .find(|(port, _)| *port == name)
            .expect("a word names a port")
            .1
    };
    for word in words {
        let group: Vec<&Vec<Part>> = match word {
            Word::One(parts) => vec![parts],
            Word::Group(group) => group.iter().collect(),
        };
        let absent = group
            .iter()
            .flat_map(|parts| parts.iter())
            .any(|part| matches!(part, Part::Port(name) if *find(name) == Variable::Absent));
        if absent && matches!(word, Word::Group(_)) {
            continue;
        }
        for parts in group {
            if let [Part::Port(name)] = parts.as_slice()
                && let Variable::Listed(paths) = find(name)
            {
                argv.extend(paths.iter().cloned());
                continue;
            }
            let mut argument = String::new();
            // The engine reads two braces, whoever of the two wrote which.
            let mut plain = String::new();
            for part in parts {
                match part {
                    Part::Text(text) => {
                        argument.push_str(text);
                        plain.push_str(text);
                    }
                    Part::Port(name) => match find(name) {
                        Variable::Filled(placeholder) if !plain.ends_with('{') => {
                            argument.push_str(placeholder)
                        }
                        Variable::Listed(paths) if !plain.ends_with('{') => {
                            argument.push_str(&paths.join("\n"))
                        }
                        _ => return None,
                    },
                }
            }
            if !is_safe(&plain)
                || argument.starts_with("{\"Concat\": ")
                || argument.starts_with("{\"IfPresent\": ")
            {
                return None;
            }
            argv.push(argument);
        }
    }
    // The launcher fills in no first word.
    argv.first()
        .is_some_and(|first| !first.contains("{{"))
        .then_some(argv)
}

/// A script that puts the list together and becomes it.
fn argv_script(words: &[Word], ports: &[(&str, Variable)]) -> String {
    let find = |name: &str| {
        &ports
            .iter()
            .find(|(port, _)| *port == name)
            .expect("a word names a port")
            .1
    };
    let mut script = String::from("set --\n");
    for word in words {
        let (group, optional) = match word {
            Word::One(parts) => (vec![parts], false),
            Word::Group(group) => (group.iter().collect(), true),
        };
        let mut tests = Vec::new();
        let mut arguments = Vec::new();
        for parts in group {
            let listed = match parts.as_slice() {
                [Part::Port(name)]
                    if matches!(find(name), Variable::Listed(_) | Variable::Lines(_)) =>
                {
                    Some(name)
                }
                _ => None,
            };
            for part in parts {
                if let Part::Port(name) = part
                    && matches!(find(name), Variable::Marked(_) | Variable::Absent)
                {
                    tests.push(format!("[ -n \"${{{name}+x}}\" ]"));
                }
            }
            match listed {
                Some(name) => {
                    flush(&mut script, &tests, &mut arguments, optional);
                    // One argument a line; the here-document keeps the loop in this shell.
                    script.push_str(&format!(
                        "if [ -n \"${name}\" ]; then while IFS= read -r mlpc_path; do set -- \"$@\" \"$mlpc_path\"; done <<MLPC_END\n\
                         ${name}\nMLPC_END\nfi\n"
                    ));
                }
                None => arguments.push(parts.iter().map(shell_part).collect::<String>()),
            }
        }
        flush(&mut script, &tests, &mut arguments, optional);
    }
    script.push_str("exec \"$@\"\n");
    script
}

fn flush(script: &mut String, tests: &[String], arguments: &mut Vec<String>, optional: bool) {
    if arguments.is_empty() {
        return;
    }
    let set = format!("set -- \"$@\" {}", arguments.join(" "));
    if optional && !tests.is_empty() {
        script.push_str(&format!("if {}; then {set}; fi\n", tests.join(" && ")));
    } else {
        script.push_str(&set);
        script.push('\n');
    }
    arguments.clear();
}

fn shell_part(part: &Part) -> String {
    match part {
        Part::Text(text) => shell_word(text),
        Part::Port(name) => format!("\"${{{name}}}\""),
    }
}

/// A script with its values. `outputs` are those whose text the script itself writes, newline and all.
fn script(text: &str, ports: &[(&str, Variable)], outputs: &[Port]) -> (Vec<String>, Vec<String>) {
    let mut args: Vec<String> = Vec::new();
    let mut head = String::new();
    for (name, variable) in ports {
        let mut next = |value: &str| {
            args.push(value.to_owned());
            let number = args.len();
            if number > 9 {
                format!("${{{number}}}")
            } else {
                format!("${number}")
            }
        };
        let line = match variable {
            Variable::Filled(placeholder) | Variable::Lines(placeholder) => {
                format!("{name}={}", next(placeholder))
            }
            Variable::Listed(paths) => format!("{name}={}", next(&paths.join("\n"))),
            Variable::Pieces(pieces) => {
                let pieces: String = pieces.iter().map(|piece| next(piece)).collect();
                format!("{name}={pieces}")
            }
            Variable::Marked(placeholder) => {
                let value = next(placeholder);
                let number = args.len();
                format!("if [ -n \"{value}\" ]; then {name}=${{{number}#.}}; else unset {name}; fi")
            }
            Variable::Absent => format!("unset {name}"),
        };
        head.push_str(&line);
        head.push('\n');
    }
    if !args.is_empty() {
        head.push_str(&format!("shift {}\n", args.len()));
    }
    let mut texts = outputs.iter().filter(|port| is_text(&port.ty)).peekable();
    let mut body = text.to_owned();
    if !body.ends_with('\n') {
        body.push('\n');
    }
    let mut tail = String::new();
    if texts.peek().is_some() {
        tail.push_str("# A final newline is no part of a text.\n");
        tail.push_str("mlpc_text() { mlpc_t=$(cat \"$1\" && echo .) && mlpc_t=${mlpc_t%.} && printf %s \"${mlpc_t%\n}\" > \"$1\"; }\n");
        for port in texts {
            if port.ty.is_optional() {
                tail.push_str(&format!(
                    "[ -e \"${0}\" ] || printf null > \"${0}\"\n",
                    port.name
                ));
            }
            tail.push_str(&format!("mlpc_text \"${}\"\n", port.name));
        }
    }
    if !is_safe(&body) {
        let cut = pieces(&body);
        let numbers: String = (1..=cut.len())
            .map(|number| {
                if number > 9 {
                    format!("${{{number}}}")
                } else {
                    format!("${number}")
                }
            })
            .collect();
        args.extend(cut.iter().map(|piece| (*piece).to_owned()));
        head.push_str(
            "# The script in pieces: together they hold what the engine would fill in.\n",
        );
        head.push_str(&format!("mlpc_script={numbers}\nshift {}\n", cut.len()));
        body = "eval \"$mlpc_script\"\n".to_owned();
    }
    let whole = if tail.is_empty() {
        format!("{head}{body}")
    } else {
        format!("{head}(\n{body})\n{tail}")
    };
    let command = ["sh", "-eu", "-c", &whole, "sh"]
        .map(str::to_owned)
        .to_vec();
    (command, args)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Span};

    fn port(name: &str, ty: Type) -> Port {
        Port {
            name: name.into(),
            ty,
            default: None,
            doc: String::new(),
            span: Span::new(FileId(0), 0, 0),
        }
    }

    fn component(step: Step, inputs: Vec<Port>, outputs: Vec<Port>) -> Component {
        Component {
            name: "c".into(),
            doc: String::new(),
            inputs,
            outputs,
            unnamed_output: false,
            step,
            span: Span::new(FileId(0), 0, 0),
        }
    }

    fn text(text: &str) -> Part {
        Part::Text(text.into())
    }

    fn name(name: &str) -> Part {
        Part::Port(name.into())
    }

    #[test]
    fn a_list_stands_as_it_was_written() {
        let words = vec![
            Word::One(vec![text("fit")]),
            Word::One(vec![text("--n="), name("n")]),
            Word::Group(vec![vec![text("--base")], vec![name("base")]]),
            Word::One(vec![name("out")]),
        ];
        let step = Step::Run(words);
        let fit = component(
            step,
            vec![port("n", Type::Int), port("base", Type::Str.optional())],
            vec![port("out", Type::Int)],
        );
        let (command_, args) = command(&fit, &[Variable::Filled(parameter("n")), Variable::Absent]);
        assert_eq!(command_, ["fit"]);
        assert_eq!(
            args,
            [
                "--n={{$.inputs.parameters['n']}}",
                "{{$.outputs.parameters['out'].output_file}}"
            ]
        );
    }

    #[test]
    fn a_list_with_what_may_be_absent_is_put_together_by_sh() {
        let words = vec![
            Word::One(vec![text("fit it")]),
            Word::Group(vec![vec![text("--base")], vec![name("base")]]),
            Word::One(vec![text("{"), name("n"), text("}")]),
        ];
        let fit = component(
            Step::Run(words),
            vec![port("n", Type::Int), port("base", Type::Str.optional())],
            vec![],
        );
        let (command_, args) = command(
            &fit,
            &[
                Variable::Filled(parameter("n")),
                Variable::Marked(parameter("base")),
            ],
        );
        assert_eq!(command_[..3], ["sh", "-eu", "-c"]);
        assert_eq!(
            command_[3],
            "n=$1\n\
             if [ -n \"$2\" ]; then base=${2#.}; else unset base; fi\n\
             shift 2\n\
             set --\n\
             set -- \"$@\" 'fit it'\n\
             if [ -n \"${base+x}\" ]; then set -- \"$@\" --base \"${base}\"; fi\n\
             set -- \"$@\" '{'\"${n}\"'}'\n\
             exec \"$@\"\n"
        );
        assert_eq!(args, [parameter("n"), parameter("base")]);
    }

    #[test]
    fn a_script_takes_its_values_as_arguments() {
        let step = Step::Shell("echo \"$x\" > \"$output\"".into());
        let echo = component(
            step,
            vec![port("x", Type::Str)],
            vec![port("output", Type::Int)],
        );
        let (command_, args) = command(&echo, &[Variable::Filled(parameter("x"))]);
        assert_eq!(
            command_[3],
            "x=$1\noutput=$2\nshift 2\necho \"$x\" > \"$output\"\n"
        );
        assert_eq!(
            args,
            [
                parameter("x"),
                "{{$.outputs.parameters['Output'].output_file}}".to_owned()
            ]
        );
    }

    /// What `sh` makes of a script in which text is cut in pieces, and of the end that takes a newline away.
    #[test]
    fn scripts_run_as_they_are_meant() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("out");
        let step =
            Step::Shell("printf '%s\\n\\n' \"$a|${b-none}|{{x}}\" > \"$out\"; exit 0".into());
        let inputs = vec![port("a", Type::Str), port("b", Type::Str.optional())];
        let echo = component(step, inputs, vec![port("out", Type::Str)]);
        let pieces = vec!["{".to_owned(), "{y}}".to_owned()];
        let (command_, mut args) = command(
            &echo,
            &[Variable::Pieces(pieces), Variable::Marked("".into())],
        );
        assert!(
            args.iter()
                .all(|arg| is_safe(arg) || arg.starts_with("{{$.")),
            "{args:?}"
        );
        for arg in &mut args {
            if arg.starts_with("{{$.outputs") {
                *arg = file.to_str().expect("UTF-8").to_owned();
            }
        }
        let status = std::process::Command::new(&command_[0])
            .args(&command_[1..])
            .args(&args)
            .status();
        assert!(status.expect("sh starts").success());
        assert_eq!(
            std::fs::read_to_string(file).expect("it was written"),
            "{{y}}|none|{{x}}\n"
        );
    }
}
