//! XMP packets: properties as texts, and a packet of those of rights.

use usvg::roxmltree::{Document, Node, ParsingOptions};

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
/// Namespaces whose names have their usual prefix, whatever the packet calls them.
const PREFIXES: [(&str, &str); 9] = [
    ("http://purl.org/dc/elements/1.1/", "dc"),
    ("http://ns.adobe.com/xap/1.0/rights/", "xmpRights"),
    ("http://ns.adobe.com/xap/1.0/", "xmp"),
    ("http://ns.adobe.com/photoshop/1.0/", "photoshop"),
    ("http://ns.adobe.com/tiff/1.0/", "tiff"),
    ("http://ns.adobe.com/exif/1.0/", "exif"),
    ("http://ns.useplus.org/ldf/xmp/1.0/", "plus"),
    ("http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/", "Iptc4xmpCore"),
    ("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "Iptc4xmpExt"),
];
/// The properties of rights that are texts: simple ones, and those that are lists.
const RIGHTS: [(&str, &str); 8] = [
    ("dc:creator", "Seq"),
    ("dc:rights", "Alt"),
    ("xmpRights:UsageTerms", "Alt"),
    ("xmpRights:WebStatement", ""),
    ("xmpRights:Marked", ""),
    ("xmpRights:Owner", "Bag"),
    ("photoshop:Credit", ""),
    ("photoshop:Source", ""),
];
/// Most properties that are read.
const MOST: usize = 1000;

/// Name with its usual prefix, and texts: several for a list.
pub(crate) fn properties(packet: &[u8]) -> Vec<(String, Vec<String>)> {
    let mut out = Vec::new();
    let Ok(text) = std::str::from_utf8(packet) else { return out };
    let options = ParsingOptions { nodes_limit: 100_000, ..ParsingOptions::default() };
    let Ok(document) = Document::parse_with_options(text.trim_matches(['\0', '\u{FEFF}', ' ', '\n']), options) else {
        return out;
    };
    for node in document.descendants().filter(|node| node.has_tag_name((RDF, "Description"))) {
        // Only those that say something of the picture, not of a thing within.
        if !node.parent().is_some_and(|parent| parent.has_tag_name((RDF, "RDF"))) {
            continue;
        }
        for attribute in node.attributes().filter(|a| a.namespace().is_some_and(|space| space != RDF)) {
            out.extend(
                name(attribute.namespace(), attribute.name()).map(|name| (name, vec![short(attribute.value())])),
            );
        }
        for child in node.children().filter(Node::is_element) {
            let texts = texts(child);
            if let (Some(name), false) = (name(child.tag_name().namespace(), child.tag_name().name()), texts.is_empty())
            {
                out.push((name, texts));
            }
        }
    }
    out.truncate(MOST);
    out
}

fn texts(node: Node<'_, '_>) -> Vec<String> {
    let items = node.descendants().filter(|n| n.has_tag_name((RDF, "li"))).filter_map(|n| n.text());
    let items: Vec<String> = items.map(short).filter(|text| !text.is_empty()).take(100).collect();
    if !items.is_empty() {
        return items;
    }
    let resource = node.attribute((RDF, "resource")).or_else(|| node.text()).map(short);
    resource.into_iter().filter(|text| !text.is_empty()).collect()
}

fn short(text: &str) -> String {
    text.trim().chars().take(2000).collect()
}

fn name(space: Option<&str>, local: &str) -> Option<String> {
    let (_, prefix) = PREFIXES.iter().find(|(address, _)| Some(*address) == space)?;
    Some(format!("{prefix}:{local}"))
}

/// A packet of the properties of rights; `None` if there are none.
pub(super) fn rights(packet: &[u8]) -> Option<Vec<u8>> {
    let found = properties(packet);
    let mut body = String::new();
    for (wanted, list) in RIGHTS {
        let Some((_, texts)) = found.iter().find(|(name, _)| name == wanted) else { continue };
        let items: String = texts
            .iter()
            .map(|text| match list {
                "" => escape(text),
                "Alt" => format!("<rdf:li xml:lang=\"x-default\">{}</rdf:li>", escape(text)),
                _ => format!("<rdf:li>{}</rdf:li>", escape(text)),
            })
            .take(if list.is_empty() || list == "Alt" { 1 } else { usize::MAX })
            .collect();
        let inner = if list.is_empty() { items } else { format!("<rdf:{list}>{items}</rdf:{list}>") };
        body.push_str(&format!("<{wanted}>{inner}</{wanted}>"));
    }
    if body.is_empty() {
        return None;
    }
    let spaces: String =
        PREFIXES[..4].iter().map(|(address, prefix)| format!(" xmlns:{prefix}=\"{address}\"")).collect();
    let packet = format!(
        "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"{RDF}\"><rdf:Description rdf:about=\"\"{spaces}>{body}</rdf:Description></rdf:RDF>\
         </x:xmpmeta><?xpacket end=\"r\"?>"
    );
    Some(packet.into_bytes())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The packet with an orientation of 1, where it has one.
pub(super) fn upright(packet: &[u8]) -> Vec<u8> {
    let mut out = packet.to_vec();
    let name = b"tiff:Orientation";
    let found: Vec<usize> = memchr::memmem::find_iter(packet, name).map(|at| at + name.len()).collect();
    for at in found {
        // `="6"`, `='6'` or `>6<`.
        match packet.get(at..at + 4) {
            Some([b'=', b'"' | b'\'', b'1'..=b'8', b'"' | b'\'']) => out[at + 2] = b'1',
            Some([b'>', b'1'..=b'8', b'<', _]) => out[at + 1] = b'1',
            _ => {}
        }
    }
    out
}
