//! `nguon backup` and `nguon restore`: what comes back is the same deployment, and no serial is ever given twice.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::commands::Place;

/// A deployment of which a backup was made after 10 stamps, and which minted 5 more since.
struct Office {
    place: Place,
    backup: PathBuf,
    /// A stamp in the backup.
    old: Value,
    /// A stamp after the backup.
    lost: Value,
    /// The symbol of stamp 3 as it was printed.
    printed: Vec<u8>,
}

impl Office {
    fn new() -> Self {
        let place = Place::new();
        place.run(&["init"]).done();
        // Commands beside a running server need not start Postgres.
        let server = place.start("serve");
        let batch_no = place.open_batch();
        let old = place.mint(batch_no, 10)["first_stamp"].clone();
        let backup = place.path("backup");
        place.run(&["backup", backup.to_str().unwrap()]).done();
        let lost = place.mint(batch_no, 5)["first_stamp"].clone();
        let printed = print(&place);
        drop(server);
        Self {
            place,
            backup,
            old,
            lost,
            printed,
        }
    }

    fn backup(&self) -> &str {
        self.backup.to_str().unwrap()
    }

    /// A copy of the backup to be damaged.
    fn copied_backup(&self, into: &Place) -> PathBuf {
        let copy = into.path("copy");
        fs::create_dir(&copy).unwrap();
        for entry in fs::read_dir(&self.backup).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        copy
    }
}

/// Prints stamp 3 of batch 1.
fn print(place: &Place) -> Vec<u8> {
    let file = place.path("printed.png");
    let out = file.to_str().unwrap();
    place.run(&["label", "1", "--first", "3", "--out", out]).done();
    fs::read(&file).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn verify(place: &Place, stamp: &Value) -> Value {
    let digits = stamp["digits"].as_str().unwrap();
    serde_json::from_str(&place.run(&["verify", digits, "--json"]).stdout).unwrap()
}

#[test]
fn a_restored_deployment_verifies_reprints_and_goes_on_counting() {
    let office = Office::new();
    assert_eq!(mode(&office.backup), 0o700);
    for entry in fs::read_dir(&office.backup).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    let fresh = Place::new();
    fresh.run(&["restore", office.backup()]).done();
    assert_eq!(mode(&fresh.data().join("secret")), 0o600);
    let server = fresh.start("serve");
    assert_eq!(verify(&fresh, &office.old)["headline"], "issued");
    assert!(print(&fresh) == office.printed, "the reprint differs");
    assert_eq!(fresh.mint(1, 1)["first"], 11);
    fresh.run(&["restore", office.backup()]).refused("in use");
    assert_eq!(fresh.mint(1, 1)["first"], 12);
    drop(server);
}

#[test]
fn an_older_backup_never_makes_this_machine_give_a_serial_twice() {
    let office = Office::new();
    let again = Place::new();
    fs::create_dir(again.data()).unwrap();
    for file in ["secret", "high-water"] {
        fs::copy(office.place.data().join(file), again.data().join(file)).unwrap();
    }
    let said = again.run(&["restore", office.backup()]).done();
    assert!(said.stderr.contains("restored-behind"), "{}", said.stderr);
    let server = again.start("serve");
    assert_eq!(verify(&again, &office.lost)["rule"], "not_minted");
    assert_eq!(again.mint(1, 1)["first"], 16);
    assert_eq!(verify(&again, &office.lost)["rule"], "not_minted");
    drop(server);
}

#[test]
fn marks_that_a_backup_holds_beyond_its_dump_are_kept() {
    let office = Office::new();
    let fresh = Place::new();
    let copy = office.copied_backup(&fresh);
    // Minted between the dump and the copy of the file: 30 more of batch 1, and a batch 7 that the dump does not know.
    fs::write(copy.join("high-water"), "1 40\n7 9\n").unwrap();
    fresh.run(&["restore", copy.to_str().unwrap()]).done();
    let server = fresh.start("serve");
    assert_eq!(fresh.mint(1, 1)["first"], 41);
    let open = ["batch", "open", "--product", "1", "--lot", "MD-02", "--packed-on"];
    let day = crate::commands::today().to_string();
    let opened = fresh.run(&[&open[..], &[&day, "--json"]].concat()).done().json();
    assert!(7 < opened["batch_no"].as_u64().unwrap(), "{opened}");
    drop(server);
}

#[test]
fn what_is_no_whole_backup_is_refused_and_leaves_room_for_a_good_one() {
    let office = Office::new();
    let fresh = Place::new();
    let copy = office.copied_backup(&fresh);
    for file in ["high-water", "secret", "database.dump"] {
        let aside = fresh.path("aside");
        fs::rename(copy.join(file), &aside).unwrap();
        fresh.run(&["restore", copy.to_str().unwrap()]).refused(file);
        fs::rename(&aside, copy.join(file)).unwrap();
    }
    assert!(!fresh.data().exists(), "something was made");

    let dump = copy.join("database.dump");
    let whole = fs::read(&dump).unwrap();
    fs::write(&dump, &whole[..whole.len() / 2]).unwrap();
    fresh.run(&["restore", copy.to_str().unwrap()]).refused("pg_restore failed");
    fs::write(&dump, &whole).unwrap();
    fresh.run(&["restore", copy.to_str().unwrap()]).done();
    assert_eq!(verify(&fresh, &office.old)["headline"], "issued");
}

#[test]
fn a_secret_of_another_deployment_is_never_overwritten() {
    let office = Office::new();
    let other = Place::new();
    other.run(&["init"]).done();
    let secret = fs::read(other.data().join("secret")).unwrap();
    other.run(&["restore", office.backup()]).refused("differs from the backup's secret");
    assert!(fs::read(other.data().join("secret")).unwrap() == secret, "overwritten");
}

#[test]
fn a_backup_goes_into_a_new_folder_only() {
    let place = Place::new();
    place.run(&["init"]).done();
    let backup = place.path("backup");
    fs::create_dir(&backup).unwrap();
    fs::write(backup.join("database.dump"), "yesterday's").unwrap();
    place.run(&["backup", backup.to_str().unwrap()]).refused("exists; name a new folder");
    assert_eq!(fs::read(backup.join("database.dump")).unwrap(), b"yesterday's");
    place.run(&["backup", "/nowhere/at/all"]).refused("/nowhere/at/all");
}

#[test]
fn a_deployment_that_was_not_set_up_is_not_backed_up() {
    let place = Place::new();
    place.run(&["migrate"]).done();
    let backup = place.path("backup");
    place.run(&["backup", backup.to_str().unwrap()]).refused("nguon init");
    assert!(!backup.exists());
}
