//! Which keys are taken.

use control::{KeyRing, Keys};
use ledger::{Folder, KeysDb};

#[tokio::test]
async fn the_ledgers_keys_and_the_environments() {
    let temp = tempfile::tempdir().unwrap();
    let db = std::sync::Arc::new(KeysDb::open(&Folder::open(temp.path()).unwrap()).unwrap());
    db.add("made", "k1", &["shop".to_owned()]).unwrap();
    for (environment, key, owner) in [
        (Some("env"), "env", Some(("environment", 0))),
        (Some("env"), "k1", Some(("made", 1))),
        (Some("env"), "en", None),
        (Some("env"), "", None),
        (Some(""), "", None),
        (None, "env", None),
        (None, "k1", Some(("made", 1))),
        // The wider one wins where both know it.
        (Some("k1"), "k1", Some(("environment", 0))),
    ] {
        let ring = KeyRing { db: db.clone(), environment: environment.map(str::to_owned) };
        let found = ring.verify(key);
        let found = found.as_ref().map(|info| (info.name.as_str(), info.sites.len()));
        assert_eq!(found, owner, "{environment:?} {key:?}");
    }
}
