//! What a sitemap names, as sitemaps.org and Google's image extension have it: every `loc`, whatever its prefix.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The text of every `loc`, in order.
///
/// # Errors
/// When it is no well-formed XML.
pub(super) fn locations(xml: &str) -> Result<Vec<String>, String> {
    let mut reader = Reader::from_str(xml);
    let (mut found, mut current) = (Vec::new(), None::<String>);
    // What ends early is no whole document, and may have ended within a URL.
    let mut depth = 0_usize;
    loop {
        match reader.read_event().map_err(|e| e.to_string())? {
            Event::Start(tag) => {
                depth += 1;
                if tag.local_name().as_ref() == "loc" {
                    current = Some(String::new());
                }
            }
            Event::End(_) => {
                depth = depth.saturating_sub(1);
                found.extend(current.take().map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()));
            }
            Event::Text(text) => {
                current.iter_mut().for_each(|url| url.push_str(&text));
            }
            Event::CData(text) => {
                current.iter_mut().for_each(|url| url.push_str(&text));
            }
            Event::GeneralRef(name) => {
                let character = name.resolve_char_ref().map_err(|e| e.to_string())?;
                let text = match character {
                    Some(character) => character.to_string(),
                    None => {
                        let known = quick_xml::escape::resolve_predefined_entity(&name);
                        known.ok_or_else(|| format!("there is no entity {name:?}"))?.to_owned()
                    }
                };
                current.iter_mut().for_each(|url| url.push_str(&text));
            }
            Event::Eof if depth > 0 => return Err("it ends early".to_owned()),
            Event::Eof => return Ok(found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_location_is_found() {
        let xml = r#"<?xml version="1.0" encoding="UTF-8"?><!-- <loc>/no</loc> -->
            <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="x"><url>
              <loc> https://shop.example/page </loc><lastmod>2026-01-01</lastmod>
              <image:image><image:loc>/imgix/a.jpg?w=1&amp;h=2&#38;q=3</image:loc><image:title>/t</image:title></image:image>
              <image:image><image:loc><![CDATA[/imgix/b.jpg?w=1&h=2]]></image:loc></image:image><loc/>
            </url></urlset>"#;
        let found = ["https://shop.example/page", "/imgix/a.jpg?w=1&h=2&q=3", "/imgix/b.jpg?w=1&h=2"];
        assert_eq!(locations(xml).unwrap(), found);
    }

    #[test]
    fn what_is_no_xml_is_refused() {
        for xml in ["<a><loc>/x", "<a></b>", "<a><loc>&lots;</loc></a>", "<loc>&#x110000;</loc>"] {
            assert!(locations(xml).is_err(), "{xml}");
        }
    }
}
