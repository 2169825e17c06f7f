//! What tests of batches share: programs of one producer, people as actors, and the trail.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::accounts::types::{Actor, PlainSecret, ProducerNo, Scope};
use nguon::http::Authenticate;

use crate::browser::{Person, SESSION_COOKIE};
use crate::world::{Client, World};

impl World {
    /// A program with a token of this producer.
    pub(crate) async fn client_of(&self, producer_no: i32, scopes: &[Scope]) -> Client {
        let token = self.accounts.create_token("test", Some(ProducerNo(producer_no)), scopes, None).await.unwrap();
        self.public.with_token(token.token.reveal())
    }

    /// A signed-in person as services meet them.
    pub(crate) async fn actor_of(&self, person: &Person) -> Actor {
        let secret = PlainSecret::received(person.cookie(SESSION_COOKIE).unwrap());
        self.accounts.of_session(secret).await.unwrap()
    }
}
