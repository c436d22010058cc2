//! `mlpc explain`: what a code means.

use super::{Exit, Failure, markdown, terminal};
use crate::diagnostics::{codes, nearest};

/// Explain a code such as E0301, with an example that has it and the same mended
#[derive(clap::Args)]
pub struct Args {
    /// The code, as a message shows it in brackets; without one, all codes are listed
    code: Option<String>,
}

impl Args {
    pub fn run(self) -> Result<Exit, Failure> {
        let look = terminal::stdout_look();
        let Some(code) = self.code else {
            let list: String = codes::all()
                .map(|entry| {
                    format!(
                        "{}  {}\n",
                        entry.code,
                        markdown::inline(entry.title, look.color)
                    )
                })
                .collect();
            terminal::print(&list)?;
            return Ok(Exit::Clean);
        };
        // A code copied from a message may come with its brackets: `error[E0701]`.
        let code = code
            .split_once('[')
            .map_or(code.as_str(), |(_, rest)| rest)
            .trim_end_matches([']', ':']);
        let Some(entry) = codes::find(code) else {
            let known = codes::all().map(|entry| entry.code.as_str());
            let near = nearest(code, known).map(|near| format!("did you mean `{near}`?"));
            return Err(Failure::new(format!("there is no code `{code}`"))
                .help("`mlpc explain` lists all codes")
                .maybe_help(near));
        };
        terminal::print(&if look.color {
            markdown::for_terminal(entry.page, look.width)
        } else {
            entry.page.to_owned()
        })?;
        Ok(Exit::Clean)
    }
}
