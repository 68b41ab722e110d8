//! `[listen]` and `[[certificate]]`.

use std::net::SocketAddr;
use std::path::Path;

use tls::{Fault, Pair};

use crate::provenance::Home;
use crate::section::{Section, Trouble};
use crate::sites::host;
use crate::tree::{Place, Value};
use crate::{Config, Listen, keys};

/// Where the planes listen, each at a place of its own.
pub(crate) fn read(section: &Section<'_>) -> Listen {
    let default = Listen::default();
    let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
    let listen = Listen {
        delivery: section.address("delivery", default.delivery),
        delivery_tls: section.maybe_address("delivery_tls", local(8443)),
        control: section.address("control", default.control),
        control_tls: section.maybe_address("control_tls", local(8444)),
        api_hosts: hosts(section, "api_hosts", false),
    };
    let all = [
        ("delivery", Some(listen.delivery)),
        ("delivery_tls", listen.delivery_tls),
        ("control", Some(listen.control)),
        ("control_tls", listen.control_tls),
    ];
    for (number, (name, address)) in all.iter().enumerate() {
        for (earlier, other) in &all[..number] {
            let (Some(a), Some(b)) = (other, address) else { continue };
            let same_host = a.ip() == b.ip() || a.ip().is_unspecified() || b.ip().is_unspecified();
            if a.port() == b.port() && a.port() != 0 && same_host {
                let key = if section.node(name).is_some() { name } else { earlier };
                let message = format!("{earlier} ({a}) and {name} ({b}) cannot listen on one address");
                section.refuse(key, message, format!("give {name} a port of its own"));
            }
        }
    }
    listen
}

/// Host names in lower case, with patterns such as `*.shop.example` where they are allowed.
fn hosts(section: &Section<'_>, key: &str, patterns: bool) -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    if section.node(key).is_none() {
        section.falls_back(key, "[]");
        return hosts;
    }
    for (written, place) in section.texts(key).unwrap_or_default() {
        let read = match written.strip_prefix("*.").filter(|_| patterns) {
            Some(rest) => host(rest).map(|rest| format!("*.{rest}")),
            None => host(written),
        };
        match read {
            Err(trouble) => section.report(place, trouble),
            Ok(host) if hosts.contains(&host) => {
                section.report(place, Trouble::new(format!("the host {host:?} is named twice"), "remove one"));
            }
            Ok(host) => hosts.push(host),
        }
    }
    hosts
}

/// The certificates, each of which can be read, is its key's, and is for its hosts.
pub(crate) fn certificates(top: &Section<'_>, base: &Path, listen: &Listen) -> Vec<Pair> {
    let hint = "write [[certificate]] on a line of its own, with cert_file and key_file below it";
    let items = match top.node("certificate").map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        Some(other) => {
            let message = format!("`certificate` is {}, but there may be several: [[certificate]]", other.kind());
            top.refuse("certificate", message, hint);
            return Vec::new();
        }
        None => &[],
    };
    let encrypts = listen.delivery_tls.is_some() || listen.control_tls.is_some();
    if encrypts && items.is_empty() {
        let message = "TLS is to be spoken, and there is no [[certificate]]";
        top.refuse("listen", message, hint);
    }
    let mut pairs: Vec<Pair> = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let Value::Table(table) = &item.value else {
            let message = format!("a certificate is a table, not {}", item.value.kind());
            top.report(&item.place, Trouble::new(message, hint));
            continue;
        };
        let home = Home::Top(format!("certificate.{}.", number + 1));
        let section = top.sibling(home, "[[certificate]]", table, &item.place, keys::CERTIFICATE);
        pairs.extend(certificate(&section, base, &pairs, hint));
    }
    if let (false, Some(first)) = (encrypts, items.first()) {
        let message = "no listener would show this certificate";
        let hint = "add delivery_tls, such as \"0.0.0.0:443\", or control_tls to [listen]";
        top.report(&first.place, Trouble::new(message, hint));
    }
    pairs
}

fn certificate(section: &Section<'_>, base: &Path, others: &[Pair], hint: &str) -> Option<Pair> {
    let complaints = section.complaints();
    for key in ["cert_file", "key_file"] {
        if section.node(key).is_none() {
            section.missing(key, hint);
        }
    }
    let hosts = hosts(section, "hosts", true);
    if let Some(twice) = hosts.iter().find(|host| others.iter().any(|other| other.hosts.contains(host))) {
        section.refuse("hosts", format!("another certificate is for {twice:?} already"), "remove one of them");
    }
    let (cert_file, key_file) = (section.path("cert_file", base), section.path("key_file", base));
    let pair = Pair { hosts, cert_file: cert_file?, key_file: key_file? };
    if section.complaints() > complaints {
        return None;
    }
    match pair.check() {
        Ok(_) => Some(pair),
        Err(error) => {
            let key = match error.fault {
                Fault::Hosts => "hosts",
                Fault::Certificate => "cert_file",
                Fault::Key => "key_file",
            };
            section.refuse(key, error.what, error.hint);
            None
        }
    }
}

/// A host is the vendors' APIs' or a site's.
pub(crate) fn check_sites(top: &Section<'_>, config: &Config) {
    let node = top.node("listen").and_then(|node| node.table()?.get("api_hosts"));
    let place = node.map_or(Place::Whole, |node| node.place.clone());
    for site in &config.sites {
        if let Some(host) = site.hosts.iter().find(|host| config.listen.api_hosts.contains(host)) {
            let message = format!("{host:?} is a host of site {:?} too, which would never be asked there", site.name);
            top.report(&place, Trouble::new(message, "name it in one place only"));
        }
    }
}
