//! What a stamp costs beside the bare signature: signing a run, and decoding plus verifying, each against `ed25519-dalek` alone.
//! Read the ratios; the absolute times are this machine's.

#![expect(clippy::unwrap_used, reason = "a bench that cannot set its stage should fail there")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use ed25519_dalek::{Signature, Signer, SigningKey};
use nguon::keyring::{KeyStatus, Keyring, PublicKey, StampSigner, check_key};
use nguon::label::{CarrierChoice, LabelWidth, StampText, plan, qr_svg};
use nguon::stamp::{BatchNo, Issuer, KeyNo, LastValidDay, ProductNo, Serial, decode};

const SEED: [u8; 32] = [7; 32];
const RUN: u32 = 256;

fn stage() -> (Issuer, StampSigner, Keyring) {
    let issuer = Issuer::new("ocop.thainguyen.vn").unwrap();
    let signer = StampSigner::new(KeyNo::new(1).unwrap(), &SEED);
    let verifying = check_key(&signer.public_bytes()).unwrap();
    let key_no = signer.key_no();
    let key = PublicKey { key_no, verifying, status: KeyStatus::Active, not_before: None, not_after: None };
    (issuer, signer, std::iter::once(key).collect())
}

fn digits(issuer: &Issuer, signer: &StampSigner, serial: u32) -> String {
    let (product_no, batch_no) = (ProductNo::new(66).unwrap(), BatchNo::new(2041).unwrap());
    signer.sign(issuer, product_no, batch_no, Serial::new(serial).unwrap(), LastValidDay::from(2921)).to_digits()
}

fn sign_a_run(c: &mut Criterion) {
    let (issuer, signer, _) = stage();
    let bare = SigningKey::from_bytes(&SEED);
    let mut group = c.benchmark_group("sign");
    group.throughput(Throughput::Elements(RUN.into()));
    group.bench_function("bare", |b| {
        let message = [0_u8; 48];
        b.iter(|| {
            for _ in 0..RUN {
                black_box(bare.sign(black_box(&message)));
            }
        });
    });
    group.bench_function("stamp", |b| {
        b.iter(|| {
            for serial in 1..=RUN {
                black_box(digits(&issuer, &signer, serial));
            }
        });
    });
    group.finish();
}

fn verify_a_stamp(c: &mut Criterion) {
    let (issuer, signer, ring) = stage();
    let stamps: Vec<String> = (1..=RUN).map(|n| digits(&issuer, &signer, n)).collect();
    let key = check_key(&signer.public_bytes()).unwrap();
    // The bare check gets message and signature ready made, of the same length as a stamp's.
    let bare: Vec<(Vec<u8>, Signature)> = stamps
        .iter()
        .map(|text| {
            let bytes = decode(text.as_bytes()).unwrap();
            let (payload, signature) = bytes.split_first_chunk::<13>().unwrap();
            let name = issuer.as_str().as_bytes();
            let message =
                [b"vn-ocop-stamp/1\0".as_slice(), &[u8::try_from(name.len()).unwrap()], name, payload].concat();
            (message, Signature::from_slice(signature).unwrap())
        })
        .collect();
    let mut group = c.benchmark_group("verify");
    group.throughput(Throughput::Elements(RUN.into()));
    group.bench_function("bare", |b| {
        b.iter(|| {
            for (message, signature) in &bare {
                key.verify_strict(black_box(message), signature).unwrap();
            }
        });
    });
    group.bench_function("stamp", |b| {
        b.iter(|| {
            for text in &stamps {
                black_box(ring.verify_stamp(&issuer, black_box(text.as_bytes())).unwrap());
            }
        });
    });
    group.finish();
}

fn draw_a_symbol(c: &mut Criterion) {
    let (issuer, signer, _) = stage();
    let digits = digits(&issuer, &signer, 1);
    let origin = "https://ocop.thainguyen.vn";
    let stamp = StampText { origin, digits: &digits, code: "00012G0000G47K3M", serial: 1 };
    let plan = plan(CarrierChoice::Full, LabelWidth::STANDARD, origin).unwrap();
    c.bench_function("symbol 7-M", |b| b.iter(|| plan.symbol(black_box(&stamp)).unwrap()));
    let symbol = plan.symbol(&stamp).unwrap();
    c.bench_function("symbol as SVG", |b| b.iter(|| qr_svg(black_box(&symbol))));
}

criterion_group!(benches, sign_a_run, verify_a_stamp, draw_a_symbol);
criterion_main!(benches);
