//! Who may import whom. The test parses the code, so a path without a `use` counts too. When it fails, the code moves, not the
//! table: a change of the table is a decision about the house and belongs into ARCHITECTURE.md.

#![expect(clippy::unwrap_used, reason = "a test that cannot read the code should fail there")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};

/// Rooms from the ground up; each may know those before it (and the pure ones).
const ORDER: [&str; 15] = [
    "db",
    "files",
    "http",
    "ledger",
    "monitor",
    "witness",
    "keys",
    "accounts",
    "register",
    "batches",
    "trace",
    "verify",
    "catalogue",
    "inspect",
    "desk",
];
/// Rooms that know nothing of the machine.
const PURE: [&str; 4] = ["stamp", "keyring", "label", "merkle"];
/// Open to every room.
const COMMON: [&str; 7] = ["clock", "config", "durable", "error", "picture", "telemetry", "text"];

/// Crates that pure code may use.
const PURE_CRATES: [&str; 18] = [
    "std",
    "core",
    "base64",
    "chrono",
    "ed25519_dalek",
    "hmac",
    "png",
    "qrcode",
    "serde",
    "serde_json",
    "sha2",
    "thiserror",
    "utoipa",
    "zeroize",
    "calamine",
    "zip",
    "crate",
    "super",
];
/// What no pure code may touch, even inside `std`.
const IMPURE_STD: [&str; 5] = ["std::fs", "std::env", "std::net", "std::process", "std::time"];

/// What http may know of a domain.
const HTTP_MAY_KNOW: &str = "accounts::types";

/// Ways up that the code takes on purpose, each with its reason.
const EXCEPTIONS: [(&str, &str); 3] = [
    // The one error enum carries the errors of these rooms; its order of variants is the table of codes.
    ("error", "label"),
    ("error", "register"),
    ("error", "db"),
];

struct Source {
    /// Path below src, for example `batches/store.rs`.
    path: String,
    room: String,
    /// Every path in the file outside its tests, as `a::b::c`.
    paths: BTreeSet<String>,
}

/// Collects paths, leaving out `#[cfg(test)]` items.
#[derive(Default)]
struct Paths {
    found: BTreeSet<String>,
}

fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

impl Paths {
    fn add_use(&mut self, prefix: &str, tree: &syn::UseTree) {
        let join = |name: &dyn std::fmt::Display| {
            if prefix.is_empty() { name.to_string() } else { format!("{prefix}::{name}") }
        };
        match tree {
            syn::UseTree::Path(path) => self.add_use(&join(&path.ident), &path.tree),
            syn::UseTree::Name(name) => drop(self.found.insert(join(&name.ident))),
            syn::UseTree::Rename(name) => drop(self.found.insert(join(&name.ident))),
            syn::UseTree::Glob(_) => drop(self.found.insert(join(&"*"))),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.add_use(prefix, item)),
        }
    }
}

impl<'a> Visit<'a> for Paths {
    fn visit_item_mod(&mut self, item: &'a syn::ItemMod) {
        if !is_test_only(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'a syn::ItemUse) {
        self.add_use("", &item.tree);
    }

    fn visit_path(&mut self, path: &'a syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if 1 < segments.len() {
            self.found.insert(segments.join("::"));
        }
        visit::visit_path(self, path);
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.iter().map(|file| read(&root, file)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(base: &Path, file: &Path) -> Source {
    let path = file.strip_prefix(base).unwrap().to_str().unwrap().to_owned();
    let room = path.split(['/', '.']).next().unwrap().to_owned();
    let parsed = syn::parse_file(&fs::read_to_string(file).unwrap()).unwrap_or_else(|err| panic!("{path}: {err}"));
    let mut paths = Paths::default();
    // A module that exists in tests alone is declared so by its parent.
    if !path.ends_with("/testing.rs") {
        paths.visit_file(&parsed);
    }
    Source { path, room, paths: paths.found }
}

impl Source {
    fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }

    /// Rooms of this crate that the file names.
    fn rooms(&self) -> BTreeSet<(&str, &str)> {
        let named = self.paths.iter().filter_map(|path| Some((path.strip_prefix("crate::")?, path.as_str())));
        named
            .map(|(inside, path)| (inside.split("::").next().unwrap(), path))
            .filter(|(room, _)| *room != self.room)
            .collect()
    }

    fn uses(&self, name: &str) -> bool {
        self.paths.iter().any(|path| path == name || path.starts_with(&format!("{name}::")))
    }
}

#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn every_room_is_in_the_order_and_knows_only_rooms_below_it() {
    let mut faults = Vec::new();
    for source in sources() {
        let position = |room: &str| ORDER.iter().position(|known| *known == room);
        let is_roof = matches!(source.room.as_str(), "cli" | "main" | "lib");
        let is_known = is_roof
            || PURE.contains(&&*source.room)
            || COMMON.contains(&&*source.room)
            || position(&source.room).is_some();
        if !is_known {
            faults.push(format!("{}: the room {} has no place in the order", source.path, source.room));
        }
        for (room, path) in source.rooms() {
            let may = is_roof
                || PURE.contains(&room) && position(&source.room).is_some()
                || COMMON.contains(&room)
                || matches!((position(&source.room), position(room)), (Some(own), Some(other)) if other < own)
                || source.room == "http" && path.starts_with(&format!("crate::{HTTP_MAY_KNOW}"))
                || EXCEPTIONS.contains(&(source.room.as_str(), room))
                || PURE.contains(&room) && (PURE.contains(&&*source.room) || source.room == "config");
            if !may {
                faults.push(format!("{} names {path}", source.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn pure_code_stays_pure() {
    let is_pure = |source: &Source| {
        PURE.contains(&&*source.room)
            || source.path.starts_with("register/import/")
            || matches!(source.file_name(), "types.rs" | "policy.rs" | "verdict.rs" | "facts.rs" | "gtin.rs")
    };
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| is_pure(source)) {
        for path in &source.paths {
            let first = path.split("::").next().unwrap();
            let is_crate = first.chars().next().is_some_and(char::is_lowercase);
            let is_foreign =
                is_crate && ["actix_web", "tokio", "diesel", "diesel_async", "tracing", "nix"].contains(&first);
            let is_impure = IMPURE_STD.iter().any(|name| path == name || path.starts_with(&format!("{name}::")));
            let reads_time = path.ends_with("Utc::now") || path.ends_with("Local::now");
            if is_foreign || is_impure || reads_time {
                faults.push(format!("{} names {path}", source.path));
            }
        }
        for use_of in ["crate::db", "crate::http"] {
            if source.uses(use_of) {
                faults.push(format!("{} names {use_of}", source.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_pure_rooms_use_only_the_crates_on_their_list() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
    let crates: BTreeSet<String> =
        dependencies.lines().filter_map(|line| Some(line.split_once(" = ")?.0.trim().replace('-', "_"))).collect();
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| PURE.contains(&&*source.room)) {
        for path in &source.paths {
            let first = path.split("::").next().unwrap();
            if crates.contains(first) && !PURE_CRATES.contains(&first) {
                faults.push(format!("{} names {path}", source.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn stores_services_and_faces_keep_to_their_trade() {
    let forbidden = BTreeMap::from([
        ("store.rs", vec!["actix_web", "crate::clock", "crate::http", "tokio"]),
        ("service.rs", vec!["actix_web", "serde_json", "diesel"]),
        ("api.rs", vec!["diesel", "diesel_async", "crate::db"]),
        ("pages.rs", vec!["diesel", "diesel_async", "crate::db"]),
    ]);
    let mut faults = Vec::new();
    for source in sources() {
        let trade = match source.file_name() {
            _ if source.path.contains("/pages/") => "pages.rs",
            name if name.ends_with("pages.rs") => "pages.rs",
            name if name.ends_with("api.rs") => "api.rs",
            name => name,
        };
        for name in forbidden.get(trade).into_iter().flatten() {
            if source.uses(name) {
                faults.push(format!("{} names {name}", source.path));
            }
        }
        let is_face = matches!(trade, "api.rs" | "pages.rs");
        if is_face && source.paths.iter().any(|path| path.contains("store::")) {
            faults.push(format!("{} names a store", source.path));
        }
    }
    none(&faults);
}

#[test]
fn wall_time_is_read_by_the_clock_alone() {
    let readers = ["Utc::now", "Local::now", "SystemTime::now"];
    let reads = |source: &Source| source.paths.iter().any(|path| readers.iter().any(|reader| path.ends_with(reader)));
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| source.room != "clock" && reads(source))
        .map(|source| source.path.clone())
        .collect();
    none(&faults);
}

#[test]
fn the_environment_is_read_by_the_settings_alone() {
    let reads = |source: &Source| source.uses("std::env::var") || source.uses("std::env::vars");
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| source.room != "config" && reads(source))
        .map(|source| source.path.clone())
        .collect();
    none(&faults);
}

#[test]
fn only_http_knows_how_an_error_becomes_a_response() {
    let faults: Vec<String> = sources()
        .iter()
        .filter(|source| source.room != "http" && source.uses("actix_web::ResponseError"))
        .map(|source| source.path.clone())
        .collect();
    none(&faults);
}

#[test]
fn every_file_says_first_what_it_is_for() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let silent = files.iter().filter(|file| !fs::read_to_string(file).unwrap().starts_with("//! "));
    none(&silent.map(|file| file.display().to_string()).collect::<Vec<_>>());
}
