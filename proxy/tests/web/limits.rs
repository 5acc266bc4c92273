//! How much one client may take.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn one_client_has_so_many_connections_and_no_more() {
    let world = World::with(|settings, _| settings.client_connections = Some(2)).await;
    let get = format!("GET http://{0}/x HTTP/1.1\r\nHost: {0}\r\n\r\n", world.http);
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(world.proxy).await.expect("connected");
        stream.write_all(get.as_bytes()).await.expect("sent");
        assert_eq!(&read(&mut stream, 12).await, b"HTTP/1.1 200");
        open.push(stream);
    }
    for _ in 0..3 {
        let mut stream = TcpStream::connect(world.proxy).await.expect("connected");
        let mut told = String::new();
        stream.read_to_string(&mut told).await.expect("read");
        assert!(told.starts_with("HTTP/1.1 429 ") && told.ends_with("connections.\n"), "{told}");
        let (head, body) = told.split_once("\r\n\r\n").expect("a head");
        assert!(head.ends_with(&format!("Content-Length: {}", body.len())), "{head}");
    }
    // Once, not as often as somebody knocks.
    let records = world.records("refusal");
    let reasons: Vec<_> = records.iter().map(|record| record["reason"].as_str().unwrap_or_default()).collect();
    assert_eq!(reasons, ["too-many-connections"]);
    // Who leaves makes room.
    drop(open.pop());
    for _ in 0..1_000 {
        let mut stream = TcpStream::connect(world.proxy).await.expect("connected");
        stream.write_all(get.as_bytes()).await.expect("sent");
        if read(&mut stream, 12).await == b"HTTP/1.1 200" {
            return;
        }
    }
    panic!("the seat was not given back");
}

async fn read(stream: &mut TcpStream, n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    stream.read_exact(&mut bytes).await.expect("an answer");
    bytes
}
