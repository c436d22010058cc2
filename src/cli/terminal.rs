//! Standard output and error: what they can show, and writing to them.

use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;

use crate::diagnostics::render::Look;

/// What standard output can show.
pub fn stdout_look() -> Look {
    look(io::stdout())
}

/// What standard error can show.
pub fn stderr_look() -> Look {
    look(io::stderr())
}

fn look(stream: impl IsTerminal + AsFd) -> Look {
    let terminal = stream.is_terminal();
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let no_color = !variable("NO_COLOR").is_empty();
    let term = variable("TERM");
    let width = match rustix::termios::tcgetwinsize(&stream) {
        Ok(size) if terminal && size.ws_col > 0 => usize::from(size.ws_col),
        _ => Look::PLAIN.width,
    };
    Look {
        color: terminal && !no_color && term != "dumb",
        unicode: term != "linux" && is_utf8_locale(variable),
        width,
    }
}

/// The first of the variables that is set decides, as it does for the C library.
fn is_utf8_locale(variable: impl Fn(&str) -> String) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .map(variable)
        .into_iter()
        .find(|value| !value.is_empty())
        .unwrap_or_default()
        .to_ascii_lowercase();
    locale.ends_with("utf-8") || locale.ends_with("utf8")
}

/// Writes to standard output. When nobody reads any more, as in `mlpc explain | head`, that is the reader's choice and no error.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes to standard error. There is no place left to complain to if that fails.
pub fn eprint(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let locale = |set: &[(&str, &str)]| {
            is_utf8_locale(|name| {
                set.iter()
                    .find(|(key, _)| *key == name)
                    .map_or(String::new(), |(_, v)| v.to_string())
            })
        };
        assert!(locale(&[("LANG", "en_GB.UTF-8")]));
        assert!(locale(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!locale(&[("LC_ALL", "C"), ("LANG", "en_GB.UTF-8")]));
        assert!(!locale(&[]));
    }
}
