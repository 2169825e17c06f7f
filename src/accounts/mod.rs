//! People and programs: accounts, sessions, tokens, what each may do, and the trail of what they did.

mod attempts;
pub(crate) mod audit;
pub(crate) mod author;
mod choosing;
pub mod links;
mod passwords;
pub mod people;
pub(crate) mod reach;
mod service;
pub mod sessions;
pub mod tokens;
pub mod trail;
pub mod types;

pub use links::{LinkOwner, NewLink};
pub use passwords::Password;
pub use people::PeoplePage;
pub use people::login::Login;
pub use people::types::{Account, PeopleFilter, Person, PersonDraft, PersonStanding};
pub use service::Accounts;
pub use sessions::types::OpenSession;
pub use tokens::{NewToken, Token, TokenOrder, TokenStanding};
