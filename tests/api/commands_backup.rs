//! `nguon backup` and `nguon restore`: what comes back is the same deployment, and no serial is ever given twice.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use nguon::files::FileStore;
use serde_json::Value;

use crate::commands::{Outcome, Place};

/// What is left of a deployment of which a backup was made after 10 stamps, and which minted 5 more before it burned down.
struct Office {
    /// The files of the backup.
    backup: Vec<(String, Vec<u8>)>,
    /// The high-water file of its machine.
    marks: Vec<u8>,
    /// A stamp in the backup.
    old: Value,
    /// A stamp after the backup.
    lost: Value,
    /// The symbol of stamp 3 as it was printed.
    printed: Vec<u8>,
}

static OFFICE: LazyLock<Office> = LazyLock::new(Office::new);

impl Office {
    fn new() -> Self {
        let place = Place::new();
        place.run(&["init"]).done();
        // Commands beside a running server need not start Postgres.
        let server = place.start("serve");
        let batch_no = place.open_batch();
        let old = place.mint(batch_no, 10)["first_stamp"].clone();
        let folder = place.path("backup");
        place.run(&["backup", folder.to_str().unwrap()]).done();
        let lost = place.mint(batch_no, 5)["first_stamp"].clone();
        let printed = print(&place);
        drop(server);
        assert_eq!(mode(&folder), 0o700);
        let mut backup = Vec::new();
        for entry in fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            assert_eq!(mode(&entry.path()), 0o600);
            backup.push((entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()));
        }
        Self { backup, marks: fs::read(place.data().join("high-water")).unwrap(), old, lost, printed }
    }

    /// Brings the backup to another machine.
    fn backup_at(&self, place: &Place) -> PathBuf {
        let folder = place.path("backup");
        fs::create_dir(&folder).unwrap();
        for (name, bytes) in &self.backup {
            fs::write(folder.join(name), bytes).unwrap();
        }
        folder
    }
}

fn restore(place: &Place, backup: &Path) -> Outcome {
    place.run(&["restore", backup.to_str().unwrap()])
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
    let fresh = Place::new();
    let backup = OFFICE.backup_at(&fresh);
    restore(&fresh, &backup).done();
    assert_eq!(mode(&fresh.data().join("secret")), 0o600);
    let server = fresh.start("serve");
    assert_eq!(verify(&fresh, &OFFICE.old)["headline"], "issued");
    assert!(print(&fresh) == OFFICE.printed, "the reprint differs");
    assert_eq!(fresh.mint(1, 1)["first"], 11);
    restore(&fresh, &backup).refused("in use");
    assert_eq!(fresh.mint(1, 1)["first"], 12);
    drop(server);
}

#[test]
fn an_older_backup_never_makes_this_machine_give_a_serial_twice() {
    let again = Place::new();
    let backup = OFFICE.backup_at(&again);
    fs::create_dir(again.data()).unwrap();
    fs::copy(backup.join("secret"), again.data().join("secret")).unwrap();
    fs::set_permissions(again.data().join("secret"), Permissions::from_mode(0o600)).unwrap();
    fs::write(again.data().join("high-water"), &OFFICE.marks).unwrap();
    let said = restore(&again, &backup).done();
    assert!(said.stderr.contains("restored-behind"), "{}", said.stderr);
    let server = again.start("serve");
    assert_eq!(verify(&again, &OFFICE.lost)["rule"], "not_minted");
    assert_eq!(again.mint(1, 1)["first"], 16);
    assert_eq!(verify(&again, &OFFICE.lost)["rule"], "not_minted");
    drop(server);
}

#[test]
fn marks_that_a_backup_holds_beyond_its_dump_are_kept() {
    let fresh = Place::new();
    let backup = OFFICE.backup_at(&fresh);
    // Minted between the dump and the copy of the file: 30 more of batch 1, and a batch 7 that the dump does not know.
    fs::write(backup.join("high-water"), "1 40\n7 9\n").unwrap();
    restore(&fresh, &backup).done();
    let server = fresh.start("serve");
    assert_eq!(fresh.mint(1, 1)["first"], 41);
    let open = ["batch", "open", "--product", "1", "--lot", "MD-02", "--packed-on"];
    let day = crate::commands::today().to_string();
    let opened = fresh.run(&[&open[..], &[&day, "--json"]].concat()).done().json();
    assert!(7 < opened["batch_no"].as_u64().unwrap(), "{opened}");
    drop(server);
}

#[test]
fn a_mark_torn_by_a_crash_does_not_spoil_a_restore() {
    let again = Place::new();
    let backup = OFFICE.backup_at(&again);
    fs::create_dir(again.data()).unwrap();
    fs::write(again.data().join("high-water"), "1 15\n1 2").unwrap();
    restore(&again, &backup).done();
    assert_eq!(again.mint(1, 1)["first"], 16);
}

#[test]
fn what_is_no_whole_backup_is_refused_and_leaves_room_for_a_good_one() {
    let fresh = Place::new();
    let backup = OFFICE.backup_at(&fresh);
    for file in ["high-water", "secret", "database.dump"] {
        let aside = fresh.path("aside");
        fs::rename(backup.join(file), &aside).unwrap();
        restore(&fresh, &backup).refused(file);
        fs::rename(&aside, backup.join(file)).unwrap();
    }
    assert!(!fresh.data().exists(), "something was made");

    let dump = backup.join("database.dump");
    let whole = fs::read(&dump).unwrap();
    fs::write(&dump, &whole[..whole.len() / 2]).unwrap();
    restore(&fresh, &backup).refused("pg_restore failed");
    fs::write(&dump, &whole).unwrap();
    restore(&fresh, &backup).done();
    assert_eq!(verify(&fresh, &OFFICE.old)["headline"], "issued");
}

#[test]
fn a_secret_of_another_deployment_is_never_overwritten() {
    let other = Place::new();
    let backup = OFFICE.backup_at(&other);
    fs::create_dir(other.data()).unwrap();
    let secret = other.data().join("secret");
    fs::write(&secret, "another").unwrap();
    restore(&other, &backup).refused("differs from the backup's secret");
    assert_eq!(fs::read(&secret).unwrap(), b"another");
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

/// Runs something on the files of a folder.
fn with_files<T>(folder: &Path, run: impl AsyncFnOnce(&FileStore) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { run(&FileStore::in_folder(folder).unwrap()).await })
}

#[test]
fn photos_travel_with_a_backup() {
    let place = Place::new();
    place.run(&["init"]).done();
    let hash = with_files(&place.data().join("files"), async |files| files.put(b"a photo".to_vec()).await.unwrap());
    let backup = place.path("backup");
    place.run(&["backup", backup.to_str().unwrap()]).done();
    let fresh = Place::new();
    restore(&fresh, &backup).done();
    let found = with_files(&fresh.data().join("files"), async |files| files.get(hash).await.unwrap());
    assert_eq!(found.as_deref(), Some(&b"a photo"[..]));
}

#[test]
fn a_backup_says_when_a_photo_is_damaged_and_holds_the_rest() {
    let place = Place::new();
    place.run(&["init"]).done();
    let folder = place.data().join("files");
    let hash = with_files(&folder, async |files| files.put(b"a photo".to_vec()).await.unwrap()).to_string();
    fs::write(folder.join("sha256").join(&hash[..2]).join(&hash[2..4]).join(&hash), b"a ph0to").unwrap();
    let backup = place.path("backup");
    place.run(&["backup", backup.to_str().unwrap()]).refused("damaged");
    assert!(backup.join("database.dump").is_file());
}
