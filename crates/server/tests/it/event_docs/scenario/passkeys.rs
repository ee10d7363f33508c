//! A passkey's life: by a mailed link, to sign in, and to its end.

use directory::deliveries;
use directory::event::{self, EventType};
use directory::passkeys::{
    self, Answered, AssertionAnswer, Challenge, NewPasskey, Registrant, RegistrationAnswer,
    RelyingParty,
};
use directory::secret::new_token;
use directory::sessions::{Client, Started};
use directory::store::Tx;
use directory::violation::Violations;
use directory::{Actor, Error};
use secrecy::SecretString;

use super::{Scenario, person};
use crate::harness::authenticator::Authenticator;

const ORIGIN: &str = "https://directory.example.com";

fn party() -> RelyingParty {
    RelyingParty::of(ORIGIN).unwrap()
}

impl Scenario {
    pub(super) async fn have_a_passkey(&self, key: &Actor) {
        let user = self.create(key, person("katherine@example.com")).await;
        let token = self.receive_link(key, user).await;
        let mut device = Authenticator::at(ORIGIN);
        let passkey = self.register(key, token, &mut device).await;
        let mut copy = device.clone();
        self.enter(key, &mut device).await.unwrap();
        copy.step = 0;
        let refused = self.enter(key, &mut copy).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)));
        let list = move |tx: &Tx<'_>, actor: &Actor| passkeys::list(tx, actor, user, None, 10);
        self.write(key, list).await;
        let rename = move |tx: &Tx<'_>, actor: &Actor| {
            let (which, none) = ((user, passkey), Violations::new());
            passkeys::rename(tx, actor, which, Some("Phone"), None, none)
        };
        self.write(key, rename).await;
        let delete =
            move |tx: &Tx<'_>, actor: &Actor| passkeys::delete(tx, actor, (user, passkey), None);
        self.write(key, delete).await;
    }

    /// A link is sent, and opened.
    async fn receive_link(&self, key: &Actor, user: i64) -> SecretString {
        let ask = move |tx: &Tx<'_>, actor: &Actor| passkeys::request_link(tx, actor, user);
        self.write(key, ask).await;
        let send = |tx: &Tx<'_>, actor: &Actor| {
            event::sequence(tx, actor.tenant)?;
            let due = deliveries::claim(tx, actor.tenant, deliveries::EMAIL, 10)?;
            let asked = EventType::AdminSendPasskeyRegistration.name();
            let claimed = due.iter().find(|each| {
                let event = each.event.as_ref();
                event.is_some_and(|event| event.event_type == asked)
            });
            let token = new_token(actor.tenant, tx.random());
            deliveries::letter(tx, actor.tenant, claimed.unwrap(), token)
        };
        let token = self.write(key, send).await.unwrap().token;
        let opened = token.clone();
        let open =
            move |tx: &Tx<'_>, actor: &Actor| passkeys::note_opened(tx, &opened, &actor.request_id);
        self.write(key, open).await;
        token
    }

    /// The number of the passkey.
    async fn register(&self, key: &Actor, token: SecretString, device: &mut Authenticator) -> i64 {
        let by = |actor: &Actor| Registrant::Link {
            token: token.clone(),
            request_id: actor.request_id.clone(),
        };
        let (party, asker) = (party(), by(&self.next(key)));
        let options = move |tx: &Tx<'_>| passkeys::registration_options(tx, &party, &asker);
        let Challenge {
            ceremony, options, ..
        } = self.directory.write(options).await.unwrap();
        let answer = RegistrationAnswer::read(device.create(&options)).unwrap();
        let new = NewPasskey {
            ceremony,
            answer,
            name: "Laptop".to_owned(),
        };
        let registrant = by(&self.next(key));
        let party = self::party();
        let made = self.directory.register_passkey(&party, registrant, new);
        made.await.unwrap().id
    }

    async fn enter(&self, key: &Actor, device: &mut Authenticator) -> Result<Started, Error> {
        let asked = self.next(key);
        let options = move |tx: &Tx<'_>| {
            passkeys::authentication_options(tx, &party(), asked.tenant, &asked.request_id)
        };
        let Challenge {
            ceremony, options, ..
        } = self.directory.write(options).await.unwrap();
        let answered = Answered {
            ceremony,
            answer: AssertionAnswer::read(device.get(&options)).unwrap(),
            client: Client::default(),
            request_id: self.next(key).request_id,
        };
        self.directory.enter_by_passkey(&party(), answered).await
    }
}
