//! A bucket for tests: enough of S3 to put, get and miss a file, on loopback, with a note of what was asked.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use zeroize::Zeroizing;

use crate::config::{Bucket, BucketKey};

/// The bucket; it answers until the test ends.
pub(super) struct FakeBucket {
    address: String,
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    /// Request heads, in the order they came.
    pub(super) asked: Arc<Mutex<Vec<String>>>,
}

impl FakeBucket {
    /// One that answers.
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let bucket = Self { address, objects: Arc::default(), asked: Arc::default() };
        let (objects, asked) = (Arc::clone(&bucket.objects), Arc::clone(&bucket.asked));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(&stream.unwrap(), &objects, &asked);
            }
        });
        bucket
    }

    /// How it is configured.
    pub(super) fn settings(&self) -> Bucket {
        Bucket {
            name: "tem".to_owned(),
            prefix: "anh/2026".to_owned(),
            endpoint: Some(self.address.parse().unwrap()),
            region: "us-east-1".to_owned(),
            key: BucketKey { id: "KHOA".to_owned(), secret: Zeroizing::new("hemmelig".to_owned()) },
        }
    }

    /// Changes what lies under every name.
    pub(super) fn damage(&self) {
        self.objects.lock().unwrap().values_mut().for_each(|bytes| bytes[0] ^= 1);
    }
}

/// Answers one request and closes the connection.
fn answer(mut stream: &TcpStream, objects: &Mutex<BTreeMap<String, Vec<u8>>>, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && 0 < reader.read_line(&mut head).unwrap() {}
    let length = head.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let mut words = head.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut objects = objects.lock().unwrap();
    let found = match method {
        "PUT" => {
            objects.insert(path.to_owned(), body);
            Some(Vec::new())
        }
        _ => objects.get(path).cloned(),
    };
    asked.lock().unwrap().push(head.clone());
    let (status, bytes) = found.map_or(("404 Not Found", Vec::new()), |bytes| ("200 OK", bytes));
    let head =
        format!("HTTP/1.1 {status}\r\nETag: \"1\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", bytes.len());
    stream.write_all(&[head.as_bytes(), &bytes].concat()).unwrap();
}
