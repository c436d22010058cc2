//! A picture as one HTML page: the SVG, what its things are, and what joins them when one is pointed at.

use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::picture::Picture;
use super::svg;

pub fn html(picture: &Picture) -> String {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let page = environment
        .template_from_str(include_str!("page.html.j2"))
        .and_then(|template| {
            template.render(context! {
                title => picture.title.as_str(),
                svg => svg::element(picture),
            })
        });
    page.expect("the template of the page")
}
