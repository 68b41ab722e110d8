//! Ports, the data folder, and the room on its disk.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use config::Config;

use super::{Finding, State};
use crate::client::table::bytes;

/// With less than this, not even a purge can be written down for long.
const LEAST_FREE: u64 = 256 << 20;

/// The listeners' addresses, which a server that runs on this data folder may have taken itself.
pub(super) fn ports(config: &Config, running: bool) -> Vec<Finding> {
    let listen = &config.listen;
    let wanted = [
        ("delivery", Some(listen.delivery)),
        ("delivery_tls", listen.delivery_tls),
        ("control", Some(listen.control)),
        ("control_tls", listen.control_tls),
    ];
    wanted.into_iter().filter_map(|(name, address)| Some(port(name, address?, running))).collect()
}

fn port(name: &str, address: SocketAddr, running: bool) -> Finding {
    let check = format!("port of {name}");
    match TcpListener::bind(address).map_err(|error| error.kind()) {
        Ok(_) if address.port() == 0 => Finding::new(check, State::Ok, format!("{address}: any that is free")),
        Ok(_) => Finding::new(check, State::Ok, format!("{address} is free")),
        Err(ErrorKind::AddrInUse) if running => {
            let detail = format!("{address} is taken, and a server runs on this data folder: by that one, it seems");
            Finding::new(check, State::Ok, detail)
        }
        Err(ErrorKind::AddrInUse) => {
            let detail = format!("{address} is taken by another program: end it, or set {name} in [listen]");
            Finding::new(check, State::Fail, detail)
        }
        Err(ErrorKind::PermissionDenied) => {
            let detail = format!("{address}: ports below 1024 need CAP_NET_BIND_SERVICE, or a port above");
            Finding::new(check, State::Fail, detail)
        }
        Err(ErrorKind::AddrNotAvailable) => {
            Finding::new(check, State::Fail, format!("{address} is no address of this machine"))
        }
        Err(other) => Finding::new(check, State::Fail, format!("{address}: {other}")),
    }
}

/// The data folder and the room for its caches, and whether a server runs there.
pub(super) fn data(config: &Config) -> (Vec<Finding>, bool) {
    let (check, folder) = ("data folder", config.data.display());
    let look = match ledger::look(&config.data) {
        Ok(look) => look,
        Err(error) => {
            let detail = format!("{error}: the user that the server runs as must be able to write there");
            return (vec![Finding::new(check, State::Fail, detail)], false);
        }
    };
    let state = match (look.exists, look.held, look.holder) {
        (_, true, Some(process)) => format!("{folder} is held by process {process}: a server runs there"),
        (_, true, None) => format!("{folder} is held by another process: a server runs there"),
        (true, false, _) => format!("{folder} can be written and locked"),
        (false, ..) => format!("{folder} is not there yet, and can be made"),
    };
    let room = room(look.free, look.cached, config.cache.disk.saturating_add(config.cache.masters_disk));
    (vec![Finding::new(check, State::Ok, state), room], look.held)
}

/// What is free beside what the caches may still take.
fn room(free: u64, cached: u64, wanted: u64) -> Finding {
    let check = "disk";
    let more = wanted.saturating_sub(cached);
    let said = format!("{} are free, and the caches may take {} more", bytes(free), bytes(more));
    if free < LEAST_FREE {
        return Finding::new(check, State::Fail, format!("{said}: free some"));
    }
    if free < more {
        let detail = format!("{said}: free some, or lower disk and masters_disk in [cache]");
        return Finding::new(check, State::Warn, detail);
    }
    Finding::new(check, State::Ok, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_held_against_what_the_caches_may_still_take() {
        let gib = 1 << 30;
        for (free, cached, wanted, state) in [
            (20 * gib, 0, 12 * gib, State::Ok),
            (10 * gib, 0, 12 * gib, State::Warn),
            (10 * gib, 3 * gib, 12 * gib, State::Ok),
            (10 * gib, 20 * gib, 12 * gib, State::Ok),
            (LEAST_FREE - 1, 12 * gib, 12 * gib, State::Fail),
        ] {
            assert_eq!(room(free, cached, wanted).state, state, "{free} {cached} {wanted}");
        }
    }

    #[test]
    fn a_port_is_free_or_taken() {
        let Ok(taken) = TcpListener::bind("127.0.0.1:0") else { panic!("no port") };
        let Ok(address) = taken.local_addr() else { panic!("no address") };
        assert_eq!(port("delivery", address, false).state, State::Fail);
        assert_eq!(port("delivery", address, true).state, State::Ok);
        drop(taken);
        assert_eq!(port("delivery", address, false).state, State::Ok);
        let foreign = SocketAddr::from(([192, 0, 2, 1], 8080));
        let told = port("control", foreign, false);
        assert!(told.state == State::Fail && told.detail.contains("no address of this machine"), "{told:?}");
    }
}
