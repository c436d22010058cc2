use mlpc::{source::*, diagnostics::render::*, syntax};
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let tree = args.iter().any(|a| a == "--tree");
    for path in args.iter().skip(1).filter(|a| !a.starts_with("--")) {
        let text = if path == "-" { std::io::read_to_string(std::io::stdin()).unwrap() } else { std::fs::read_to_string(path).unwrap() };
        for part in text.split("=====\n") {
            let mut sources = SourceMap::default();
            let id = sources.add("p.mlp", "p.mlp", part);
            let parse = syntax::parse(id, part);
            assert_eq!(parse.syntax().text().to_string(), part);
            if tree { println!("{:#?}", parse.syntax()); }
            println!("{}", render(&parse.diagnostics, &sources, Format::Human, Look::PLAIN));
            if args.iter().any(|a| a == "--sep") { println!("-------------------------------------------------"); }
        }
    }
}
