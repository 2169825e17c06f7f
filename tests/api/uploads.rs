//! Files that are no pictures, or more than anyone should have to hold, on every field that takes a file: refused in a sentence,
//! nothing kept, and the server's memory stays where it was.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::collections::BTreeSet;
use std::path::Path;

use nguon::accounts::types::Role;

use crate::browser::{Browser, File};
use crate::commands::Place;
use crate::two::Two;
use crate::world::{TestDb, tiny_picture};

/// Every field that takes a picture: the template it stands in, where its form goes, its name.
const UPLOADS: [(&str, &str, &str); 8] = [
    ("products/sheet.html", "/products/1/photos", "photo"),
    ("register/certificate_form.html", "/products/1/certificates", "scan"),
    ("register/certificate_form.html", "/certificates/1/edit", "scan"),
    ("register/paper_form.html", "/producers/1/papers", "file"),
    ("register/paper_form.html", "/papers/1/edit", "file"),
    ("inspect/form.html", "/inspect", "photo"),
    ("trace/event_form.html", "/batches/1/events/new", "photo"),
    ("trace/event_form.html", "/batches/1/events/3/correction", "photo"),
];
/// Templates whose field takes a file of another kind, with tests of its own.
const OTHERS: [&str; 1] = ["imports/list.html"];

/// The rest of those forms.
const FIELDS: [(&str, &str); 8] = [
    ("version", "1"),
    ("kind", "haccp"),
    ("stars", "4"),
    ("number", "02/GCN"),
    ("issuer", "UBND tỉnh Thái Nguyên"),
    ("issuer_level", "province"),
    ("from", "2028-01-01"),
    ("to", "2030-12-31"),
];

fn templates(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { templates(&path, found) } else { found.push(path) }
    }
}

#[test]
fn every_field_that_takes_a_file_is_tried_here_or_named_as_one_of_another_kind() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/templates");
    let mut files = Vec::new();
    templates(&folder, &mut files);
    let with_files: BTreeSet<String> = files
        .iter()
        .filter(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            text.contains("type=\"file\"") || text.contains("type=file")
        })
        .map(|file| file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned())
        .collect();
    let known: BTreeSet<String> =
        UPLOADS.iter().map(|(template, ..)| *template).chain(OTHERS).map(str::to_owned).collect();
    assert_eq!(with_files, known);
}

/// A JPEG of a few hundred bytes that claims 65,500 pixels a side.
fn claiming_jpeg() -> Vec<u8> {
    let mut bytes = tiny_picture();
    let frame = bytes.windows(2).position(|pair| pair[0] == 0xff && matches!(pair[1], 0xc0 | 0xc2)).unwrap();
    bytes[frame + 5..frame + 9].copy_from_slice(&[0xff, 0xdc, 0xff, 0xdc]);
    bytes
}

fn bad_files() -> Vec<(&'static str, Vec<u8>)> {
    let text = |text: &str| text.as_bytes().to_vec();
    vec![
        ("bomb.png", crate::products::bomb()),
        ("bomb.jpg", claiming_jpeg()),
        ("cut.jpg", tiny_picture()[..40].to_vec()),
        ("a.svg", text("<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>")),
        (
            "laughs.svg",
            text("<?xml version=\"1.0\"?><!DOCTYPE s [<!ENTITY a \"haha\"><!ENTITY b \"&a;&a;&a;\">]><svg>&b;</svg>"),
        ),
        ("a.jpg", text("<!doctype html><script>alert(1)</script>")),
        ("a.gif", text("GIF89a\x01\0\x01\0\0\0\0;")),
        ("a.zip", text("PK\x03\x04")),
        ("a.heic", text("\0\0\0\x18ftypheic\0\0\0\0mif1heic")),
    ]
}

#[actix_web::test]
async fn what_is_no_picture_is_refused_in_a_sentence_on_every_field() {
    let two = Two::new().await;
    let office = two.world.sign_in(Role::Office).await;
    let before = two.world.contents().await;
    for (_, path, field) in UPLOADS {
        for (name, bytes) in bad_files() {
            let file = File { field, name, media_type: "image/jpeg", bytes: &bytes };
            let answer = office.upload("/account", path, &FIELDS, &[file]).await;
            let text = answer.text();
            assert_eq!(answer.status, 422, "{path} {name}: {text}");
            assert!(text.contains("role=\"alert\"") && text.contains("JPEG"), "{path} {name}: {text}");
            assert!(!text.contains("<script>alert"), "{path} {name}");
        }
    }
    assert_eq!(two.world.contents().await, before);
}

#[actix_web::test]
async fn fifty_megabytes_are_refused_in_a_sentence_on_every_field() {
    let two = Two::new().await;
    let office = two.world.sign_in(Role::Office).await;
    let before = two.world.contents().await;
    let huge = [tiny_picture(), vec![0; 50_000_000]].concat();
    for (_, path, field) in UPLOADS {
        let file = File { field, name: "to.jpg", media_type: "image/jpeg", bytes: &huge };
        let answer = office.upload("/account", path, &FIELDS, &[file]).await;
        assert_eq!(answer.status, 413, "{path}");
        assert!(answer.text().contains("lớn hơn 20 MB"), "{path}: {}", answer.text());
    }
    assert_eq!(two.world.contents().await, before);
}

/// The most memory that the server's process has held, MiB.
fn peak_mib(server: &crate::commands::Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// Four places for reading files, at most 20 MB each, kept in buffers that double as they grow.
const MAX_GROWTH_MIB: u64 = 4 * 2 * 20 + 40;

#[actix_web::test]
async fn many_who_send_fifty_megabytes_at_once_do_not_fill_the_servers_memory() {
    const PASSWORD: &str = "con trâu đi qua cầu";
    let test_db = TestDb::new().await;
    let place = Place::on(&test_db).await;
    place.found();
    let create = ["account", "create", "--login", "office", "--name", "Văn Phòng", "--role", "office"];
    let link = place.run(&create).done().stdout;
    let link = link.trim().strip_prefix("https://tem.example.vn").unwrap();
    let server = place.start("serve");
    let browser = Browser::at(&server.base_url);
    browser.submit(link, link, &[("password", PASSWORD), ("repeated", PASSWORD)]).await.assert_sent_on();
    let before = peak_mib(&server);
    let huge = [tiny_picture(), vec![0; 50_000_000]].concat();
    let send = async || {
        let file = File { field: "photo", name: "to.jpg", media_type: "image/jpeg", bytes: &huge };
        browser.upload("/account", "/products/1/photos", &[], &[file]).await.status
    };
    let statuses = futures_util::future::join_all((0..8).map(|_| send())).await;
    assert_eq!(statuses, [413; 8]);
    let growth = peak_mib(&server) - before;
    assert!(growth < MAX_GROWTH_MIB, "grew by {growth} MiB");
}
