#![allow(clippy::unwrap_used)]

use super::*;

#[test]
fn keys_are_verified_until_revoked() {
    let temp = tempfile::tempdir().unwrap();
    let sites = ["b".to_owned(), "a".to_owned()];
    let (made, brought) = {
        let folder = Folder::open(temp.path()).unwrap();
        let keys = KeysDb::open(&folder).unwrap();
        let made = keys.create("made", &sites).unwrap();
        assert_eq!(made.len(), 51);
        assert!(made.starts_with("ak_") && made[3..].bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(keys.create("other", &[]).unwrap(), made);
        keys.add("brought", "private_x", &[]).unwrap();
        (made, "private_x")
    };
    let folder = Folder::open(temp.path()).unwrap();
    let keys = KeysDb::open(&folder).unwrap();
    let info = keys.verify(&made).unwrap();
    assert_eq!((info.name.as_str(), info.sites), ("made", vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(keys.verify(brought).unwrap().sites, Vec::<String>::new());
    for wrong in ["", "private_", "private_x ", "PRIVATE_X", "ak_"] {
        assert_eq!(keys.verify(wrong), None, "{wrong:?}");
    }
    assert_eq!(keys.list().iter().map(|k| k.name.as_str()).collect::<Vec<_>>(), ["brought", "made", "other"]);
    assert!(keys.revoke("made").unwrap());
    assert!(!keys.revoke("made").unwrap());
    assert_eq!(keys.verify(&made), None);
    drop(keys);
    assert_eq!(KeysDb::open(&folder).unwrap().verify(&made), None);
}

/// A mark is as good as its key: no longer, and for nothing else.
#[test]
fn marks_stand_for_keys() {
    let temp = tempfile::tempdir().unwrap();
    let keys = KeysDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
    let first = keys.create("a", &["shop".to_owned()]).unwrap();
    let mark = keys.mark(&first);
    let info = keys.verify_mark(&mark).unwrap();
    assert_eq!((info.name.as_str(), info.sites), ("a", vec!["shop".to_owned()]));
    assert_eq!(keys.verify_mark(&keys.mark("ak_other")), None);
    let second = keys.rotate("a", 60_000).unwrap().unwrap();
    assert!(keys.verify_mark(&mark).is_some(), "within its grace");
    assert!(keys.verify_mark(&keys.mark(&second)).is_some());
    keys.rotate("a", 0).unwrap().unwrap();
    assert_eq!((keys.verify_mark(&mark), keys.verify_mark(&keys.mark(&second))), (None, None));
    let third = keys.create("b", &[]).unwrap();
    let mark = keys.mark(&third);
    assert!(keys.verify_mark(&mark).is_some());
    keys.revoke("b").unwrap();
    assert_eq!(keys.verify_mark(&mark), None);
}

#[test]
fn names_and_keys_are_unique() {
    let temp = tempfile::tempdir().unwrap();
    let keys = KeysDb::open(&Folder::open(temp.path()).unwrap()).unwrap();
    keys.add("first", "k1", &["x".to_owned()]).unwrap();
    keys.add("first", "k1", &["y".to_owned()]).unwrap();
    assert_eq!(keys.verify("k1").unwrap().sites, ["y"], "the same key again takes the new sites");
    assert_eq!(keys.add("first", "k2", &[]), Err(KeyError::NameTaken("first".into())));
    assert_eq!(keys.add("second", "k1", &[]), Err(KeyError::KeyTaken("first".into())));
    assert_eq!(keys.create("first", &[]), Err(KeyError::NameTaken("first".into())));
    assert_eq!(keys.add("", "k3", &[]), Err(KeyError::Empty));
    assert_eq!(keys.add("third", "", &[]), Err(KeyError::Empty));
    assert_eq!(keys.list().len(), 1);
}

#[test]
fn the_file_holds_no_key_and_two_files_differ() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let secret = "a-key-that-nobody-may-read";
    let digests = [&one, &two].map(|temp| {
        let folder = Folder::open(temp.path()).unwrap();
        let keys = KeysDb::open(&folder).unwrap();
        keys.add("k", secret, &[]).unwrap();
        let digest = *keys.inner.digest(secret).as_bytes();
        drop(keys);
        let bytes = std::fs::read(folder.keys_db()).unwrap();
        let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|w| w == needle);
        assert!(holds(&digest) && !holds(secret.as_bytes()));
        digest
    });
    assert_ne!(digests[0], digests[1]);
}

#[test]
fn a_key_does_what_its_scope_says() {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    let keys = KeysDb::open(&folder).unwrap();
    let text = |items: &[&str]| items.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
    let scope = Scope {
        roles: vec![KeyRole::Read, KeyRole::Purge, KeyRole::Read],
        sites: text(&["b", "a"]),
        reaches: text(&["shop/new", "local"]),
        expires_at: Some(1 << 50),
        monthly: Some(9),
    };
    let key = keys.issue("narrow", &scope).unwrap();
    let sorted = Scope {
        roles: vec![KeyRole::Purge, KeyRole::Read],
        sites: text(&["a", "b"]),
        reaches: text(&["local", "shop/new"]),
        ..scope.clone()
    };
    let info = keys.verify(&key).unwrap();
    assert_eq!(info.scope(), sorted);
    assert_eq!(KeyRole::ALL.map(|role| info.may(role)), [false, true, true]);
    assert!(info.reaches("shop", "new/a.jpg") && info.reaches("local", "a") && !info.reaches("shop", "old/a.jpg"));
    assert_eq!(keys.create("wide", &[]).map(|key| keys.verify(&key).unwrap().roles).unwrap(), KeyRole::ALL);

    for bad in [Scope { roles: vec![], ..scope.clone() }, Scope { reaches: text(&["/shop"]), ..scope.clone() }] {
        assert!(matches!(keys.issue("bad", &bad), Err(KeyError::Scope(_))));
        assert!(matches!(keys.change("narrow", &bad), Err(KeyError::Scope(_))));
    }
    let wider = Scope { sites: vec![], monthly: None, ..sorted };
    assert!(keys.change("narrow", &wider).unwrap());
    assert!(!keys.change("nobody", &wider).unwrap());
    drop(keys);
    let keys = KeysDb::open(&folder).unwrap();
    assert_eq!(keys.verify(&key).unwrap().scope(), wider);
    assert!(keys.inner.verify(keys.inner.digest(&key), (1 << 50) - 1).is_some());
    assert_eq!(keys.inner.verify(keys.inner.digest(&key), 1 << 50), None, "it has ended");
}

#[test]
fn an_old_secret_is_good_for_a_while() {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    let keys = KeysDb::open(&folder).unwrap();
    let first = keys.create("k", &["a".to_owned()]).unwrap();
    assert_eq!(keys.rotate("nobody", 1000).unwrap(), None);
    let hour = 3_600_000;
    let second = keys.rotate("k", hour).unwrap().unwrap();
    let now = now_ms();
    assert_eq!(keys.list().len(), 1);
    for key in [&first, &second] {
        assert_eq!(keys.verify(key).unwrap().sites, ["a"]);
    }
    assert!(keys.inner.verify(keys.inner.digest(&second), now + 2 * hour).is_some());
    assert_eq!(keys.inner.verify(keys.inner.digest(&first), now + 2 * hour), None);
    assert_eq!(keys.add("other", &first, &[]), Err(KeyError::KeyTaken("k".into())));
    drop(keys);
    let keys = KeysDb::open(&folder).unwrap();
    assert!(keys.verify(&first).is_some() && keys.verify(&second).is_some(), "also after a restart");
    let third = keys.rotate("k", hour).unwrap().unwrap();
    assert_eq!(keys.verify(&first), None, "one old secret at a time");
    let fourth = keys.rotate("k", 0).unwrap().unwrap();
    assert_eq!((keys.verify(&second), keys.verify(&third)), (None, None));
    keys.rotate("k", hour).unwrap().unwrap();
    assert!(keys.verify(&fourth).is_some());
    assert!(keys.revoke("k").unwrap());
    assert_eq!(keys.verify(&fourth), None, "revoking ends old secrets, too");
    keys.create("k", &[]).unwrap();
    assert_eq!(keys.verify(&fourth), None);
}

#[test]
fn uses_and_counts_outlive_an_orderly_stop() {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    let keys = KeysDb::open(&folder).unwrap();
    let limited = Scope { monthly: Some(3), ..Scope::everything_on(&[]) };
    let key = keys.issue("k", &limited).unwrap();
    keys.create("idle", &[]).unwrap();
    let free = keys.create("free", &[]).unwrap();
    let used = |keys: &KeysDb| keys.list().into_iter().map(|k| (k.name, k.last_used.is_some())).collect::<Vec<_>>();
    let told = |k, idle| vec![("free".to_owned(), false), ("idle".to_owned(), idle), ("k".to_owned(), k)];
    assert_eq!(used(&keys), told(false, false));
    keys.verify(&key).unwrap();
    assert_eq!(used(&keys), told(true, false));
    // A change of another key does not forget it.
    keys.change("free", &limited).unwrap();
    keys.change("free", &Scope::everything_on(&[])).unwrap();
    assert_eq!(used(&keys), told(true, false));
    // The month may turn while this runs, so both calls are at one time.
    let now = now_ms();
    assert_eq!(keys.inner.take("k", 2, now), Ok(Some(1)));
    assert_eq!(keys.inner.take("free", 7, now), Ok(None));
    assert_eq!(keys.take("environment", 1), Ok(None));
    assert_eq!(keys.used("environment"), 0);
    assert!(matches!(keys.inner.take("k", 2, now), Err(Exceeded { limit: 3, resets_at }) if resets_at > now));
    drop(keys);
    let keys = KeysDb::open(&folder).unwrap();
    assert_eq!(used(&keys), told(true, false));
    assert_eq!(lock(&keys.inner.counts).used("k", now), 2);
    assert_eq!(lock(&keys.inner.counts).used("free", now), 7);
    keys.rotate("k", 0).unwrap().unwrap();
    assert_eq!(keys.inner.take("k", 1, now), Ok(Some(0)), "a new secret is no new quota");
    keys.inner.write_uses(false).unwrap();
    assert!(keys.revoke("k").unwrap());
    keys.issue("k", &limited).unwrap();
    assert_eq!(keys.inner.take("k", 1, now), Ok(Some(2)), "a new key of the name begins anew");
    assert!(keys.verify(&free).is_some());
}

#[test]
fn keys_of_the_format_before_may_do_everything() {
    let temp = tempfile::tempdir().unwrap();
    let folder = Folder::open(temp.path()).unwrap();
    let old = Schema { steps: &SCHEMA.steps[..1], ..SCHEMA };
    let connection = open_writer(&folder.keys_db(), &old).unwrap();
    let salt = [7; 32];
    let digest = *blake3::keyed_hash(&salt, b"secret").as_bytes();
    connection.execute("INSERT INTO salt VALUES (1, ?1)", [salt]).unwrap();
    connection.execute("INSERT INTO key VALUES ('old', ?1, 5)", [digest]).unwrap();
    connection.execute("INSERT INTO key_site VALUES ('old', 'a')", []).unwrap();
    drop(connection);
    let info = KeysDb::open(&folder).unwrap().verify("secret").unwrap();
    assert_eq!(info.scope(), Scope::everything_on(&["a".to_owned()]));
    assert_eq!((info.name.as_str(), info.created_at), ("old", 5));
}
