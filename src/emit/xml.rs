//! Text in XML, SVG and HTML.

/// As the text of an element or the value of an attribute in quotes. What XML can't hold is shown as the replacement character.
pub fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn nothing_gets_out() {
        assert_eq!(
            super::text("</title><script>\"'&\u{0}\n"),
            "&lt;/title&gt;&lt;script&gt;&quot;&#39;&amp;\u{fffd}\n"
        );
    }
}
