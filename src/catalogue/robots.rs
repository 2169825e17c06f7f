//! What search engines may visit, made from the route table so that no new place is forgotten. It knows no product.

use std::collections::BTreeSet;

use crate::config::PublicUrl;
use crate::http::Route;

/// First parts of the addresses that are for everyone to find; the front page's is empty.
const OPEN: [&str; 5] = ["", "p", "photos", "robots.txt", "sitemap.xml"];

/// The text of `/robots.txt` (RFC 9309).
pub struct Robots(String);

impl Robots {
    /// Everything on the table is closed but the front page and the products.
    pub fn new(public_url: &PublicUrl, routes: &[Route]) -> Self {
        let first_part = |route: &Route| route.path.split('/').nth(1).unwrap_or_default();
        let closed: BTreeSet<&str> = routes.iter().map(first_part).filter(|part| !OPEN.contains(part)).collect();
        let mut lines = vec!["User-agent: *".to_owned(), "Allow: /p/".to_owned()];
        for part in closed {
            // The bare address, what lies below it, and what is asked of it; never a neighbour that begins alike.
            lines.extend(["$", "/", "?"].map(|end| format!("Disallow: /{part}{end}")));
        }
        lines.push(format!("Sitemap: {}/sitemap.xml", public_url.as_str()));
        Self(lines.join("\n") + "\n")
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Face;

    #[test]
    fn every_place_is_closed_to_search_engines_but_the_front_page_and_the_products() {
        let route = |path| Route { method: "GET", path, access: "public", face: Face::Page };
        let routes =
            ["/", "/p/{product_no}", "/photos/{photo_id}", "/products", "/products/{product_no}", "/s/{digits:.*}"];
        let text = Robots::new(&PublicUrl::for_demo("https://x.vn").unwrap(), &routes.map(route)).0;
        let expected = "User-agent: *\nAllow: /p/\nDisallow: /products$\nDisallow: /products/\nDisallow: /products?\n\
                        Disallow: /s$\nDisallow: /s/\nDisallow: /s?\nSitemap: https://x.vn/sitemap.xml\n";
        assert_eq!(text, expected);
    }
}
