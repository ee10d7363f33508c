//! Hashes made by other programs: Python's bcrypt, argon2-cffi, passlib, Werkzeug, Django and
//! hashlib.

use secrecy::SecretString;

use crate::clock::SystemRandom;
use crate::password::{Hasher, PasswordHash};
use crate::violation::Rule;

const PASSWORD: &str = "tide plank ferry é";

/// Each is of [`PASSWORD`].
const KNOWN: [&str; 20] = [
    // bcrypt
    "$2b$04$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6ce",
    "$2y$04$P/vg.tCWvN/UPEah8lINxOuiEGOjOPe5tG.FVbwbpddjfuIHgAqMe",
    "$2a$04$iPuPGNxTa/ga85XQtZQvOu8sUbCbroUzX9uWXsXvCli7Yqt9CD33C",
    "bcrypt$$2b$04$dzJajb4q0eJovmtvjODORe8SX5dQUfwiDU5xseswTQ5m0scHKs/BW",
    // argon2
    "$argon2id$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$Wp1GCHYxo8lQUD9r7dr0NTHOpSFsrANbEoCrh633tSQ",
    "$argon2i$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$JQWZ0sO/oDgg3YPFmES+qXZ/Pdxo8FumjFqZaDMwB2M",
    "$argon2d$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$D9vgTHEU79OBhJ5m7gV/4HC/FjEfKnknFGlZEhPBFmQ",
    "$argon2i$v=16$m=64,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$P2ONw5gA5xQYlbNfKpz1ZglzoIIXX5aW",
    "argon2$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$7skdDYf9PEq5Xg4Ve3CW9QcVBLD0PQc8COzZu1HQuFY",
    // Our own parameters, with a digest of another length.
    "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$NOZXqSZTtUAomaNxXVVw+Q",
    // scrypt
    "$scrypt$ln=4,r=8,p=1$rhVCyFmLcY4RQuidM2ZszQ$RH5XSkufG1G0UCMJ6bdmtimkT1v8GI3/P10PNwZM64A",
    "scrypt:1024:8:1$R3Wh7TiGLmH4sDlP$45b085b4dbc34544df5196e02533e10133c4b29e320a25a176dd10b32272865b08c4020dc894bb3b3eecee26f1a85336e4891a0e41f88666f73fbe2d3077ed24",
    "scrypt$1024$saltsaltsalt$8$1$qx3Vlub2M1Im++k1/mBqfX77lCUsJGMgWjk7FDxhigKbm+30owUEaieGTaLDlDliZ/e7fau6gttjjuBTb9psRw==",
    // PBKDF2
    "$pbkdf2-sha256$1000$hnAuBUBISam1FkJIKWVsLQ$YedU6Uhe0v6Nx8lZUs11pwWTRmIjFmT/E2U8mc81Z5E",
    "$pbkdf2-sha512$1000$XcsZ49wbo5TS.l.r9R5jbA$vpz4uLdo2VtJbPG7YMvNRagcjFEKOJfOf0U8yg7GecDtIKuDANVB/eiCew9OwWgEuIah.PFiWcUnLRUNQp19Bg",
    "$pbkdf2-sha256$i=1000,l=32$c2l4dGVlbiBieXRlcyBvaw$JvW0vMrbnpG9qE7tv9zKSL23zwG2OXG6auRkTdKinXQ",
    "$pbkdf2-sha256$i=1000$c2l4dGVlbiBieXRlcyBvaw$JvW0vMrbnpG9qE7tv9zKSL23zwG2OXG6auRkTdKinXQ",
    "pbkdf2_sha256$1000$saltsaltsalt$/NVh59q+AiNIebkzTv3i8E/mM/3QVPbSlG5XxCaEP1s=",
    "pbkdf2:sha256:1000$UhYYZ9CIanhWRnYr$3fa0ffa1d2d52a09fd4cd3a1bbd1c080b6c90a8425cfcd15c3dbee461d61950b",
    "pbkdf2:sha512:1000$xPbgENgPpUUeVJqL$4ca72655e36105543b617a861c3013f408ce6eb53a6bf9b37a4e101ae4aa38323730d71786c8e0bba8f1e5cc54dfddab11fa7554d3d5571255999947aa1880ff",
];
const OWN: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2l4dGVlbiBieXRlcyBvaw$Oi5hsCwzz7xegvKGagPchBrtOFbvm0gdVEILSYy/ucA";

fn import(text: &str) -> Result<PasswordHash, Rule> {
    PasswordHash::import(text)
}

async fn verifies(hash: &str, password: &str) -> bool {
    let password = SecretString::from(password.to_owned());
    let hash = import(hash).unwrap();
    Hasher::new(1)
        .unwrap()
        .verify(password, hash)
        .await
        .unwrap()
}

#[tokio::test]
async fn hashes_of_other_programs_are_verified() {
    for hash in KNOWN {
        assert!(verifies(hash, PASSWORD).await, "{hash}");
        assert!(!import(hash).unwrap().is_current(), "{hash}");
    }
    assert!(verifies(OWN, PASSWORD).await);
    assert!(import(OWN).unwrap().is_current());
}

#[tokio::test]
async fn no_other_password_is_right() {
    let start: String = PASSWORD.chars().take(17).collect();
    let others = [
        String::new(),
        start,
        format!("{PASSWORD} "),
        // HMAC and bcrypt would take these for the password itself.
        format!("{PASSWORD}\0"),
        format!("{PASSWORD}\0{PASSWORD}"),
    ];
    for hash in KNOWN {
        for other in &others {
            assert!(!verifies(hash, other).await, "{hash} takes {other:?}");
        }
    }
}

#[tokio::test]
async fn what_bcrypt_does_not_read_makes_a_password_wrong() {
    // Of 72 times `x`.
    let hash = "$2b$04$Cwd7FZSWmC3AIB91/ikV4OFKiDJlcDq0aWVB7NfxsuzdxbsqQrWvi";
    assert!(verifies(hash, &"x".repeat(72)).await);
    for length in [71, 73, 100] {
        assert!(!verifies(hash, &"x".repeat(length)).await, "{length}");
    }
}

#[test]
fn what_is_no_hash_is_refused() {
    let long_salt = format!(
        "pbkdf2_sha256$1000${}$/NVh59q+AiNIebkzTv3i8E/mM/3QVPbSlG5XxCaEP1s=",
        "s".repeat(129)
    );
    let bad = [
        "",
        "$",
        "secret",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "$1$salt$qJH7.N4xYta3aEG/dfqo/0",
        "$6$salt$IxDD3jeSOb5eB1CX5LBsqZFVkJdido3OUILO5Ifz5iwMuTS4XMS130MTSuDDl3aCI6WouIL9AjRbLCelDCy.g.",
        // Versions of bcrypt that are none, or broken; cut; of another alphabet.
        "$2$04$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6ce",
        "$2x$04$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6ce",
        "$2b$04$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6c",
        "$2b$04$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6ce0",
        "$2b$+4$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6ce",
        "$2b$04$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6c!",
        // A part is missing, empty, too short, or no number.
        "$argon2id$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw",
        "$argon2id$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$Wp1GCHYxo8lQUA",
        "$argon2id$v=20$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$Wp1GCHYxo8lQUD9r7dr0NTHOpSFsrANbEoCrh633tSQ",
        "$argon2x$v=19$m=64,t=2,p=2$c2l4dGVlbiBieXRlcyBvaw$Wp1GCHYxo8lQUD9r7dr0NTHOpSFsrANbEoCrh633tSQ",
        "$argon2id$v=19$m=64,t=2,p=2,keyid=Zm9v$c2l4dGVlbiBieXRlcyBvaw$Wp1GCHYxo8lQUD9r7dr0NTHOpSFsrANbEoCrh633tSQ",
        "pbkdf2_sha256$1000$$/NVh59q+AiNIebkzTv3i8E/mM/3QVPbSlG5XxCaEP1s=",
        "pbkdf2_sha256$1000$salt$/NVh59q+AiNIebkz",
        "pbkdf2_sha256$1e3$salt$/NVh59q+AiNIebkzTv3i8E/mM/3QVPbSlG5XxCaEP1s=",
        "pbkdf2_sha256$+1000$salt$/NVh59q+AiNIebkzTv3i8E/mM/3QVPbSlG5XxCaEP1s=",
        "pbkdf2_md5$1000$salt$/NVh59q+AiNIebkzTv3i8E/mM/3QVPbSlG5XxCaEP1s=",
        "pbkdf2:sha256:1000$salt$3fa0ffa1d2d52a09fd4cd3a1bbd1c08",
        "pbkdf2:sha256:1000$salt$zzzzffa1d2d52a09fd4cd3a1bbd1c080b6c90a8425cfcd15c3dbee461d61950b",
        "scrypt$1000$salt$8$1$qx3Vlub2M1Im++k1/mBqfX77lCUsJGMg",
        "$scrypt$ln=0,r=8,p=1$rhVCyFmLcY4RQuidM2ZszQ$RH5XSkufG1G0UCMJ6bdmtimkT1v8GI3/P10PNwZM64A",
        "$scrypt$ln=4294967297,r=8,p=1$rhVCyFmLcY4RQuidM2ZszQ$RH5XSkufG1G0UCMJ6bdmtimkT1v8GI3/P10PNwZM64A",
        long_salt.as_str(),
    ];
    for text in bad {
        assert_eq!(import(text), Err(Rule::BadFormat), "{text}");
    }
    let long = format!("{OWN}{}", "A".repeat(512));
    assert_eq!(import(&long), Err(Rule::TooLong { max: 512 }));
}

#[tokio::test]
async fn a_salt_of_8_to_48_bytes_is_verified_by_argon2_and_another_is_refused() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD_NO_PAD;
    for length in 0..=52 {
        let salt = STANDARD_NO_PAD.encode(vec![b's'; length]);
        for version in ["v=19$", "v=16$", ""] {
            let digest = "Wp1GCHYxo8lQUD9r7dr0NTHOpSFsrANbEoCrh633tSQ";
            let hash = format!("$argon2id${version}m=64,t=1,p=1${salt}${digest}");
            if (8..=48).contains(&length) {
                assert!(!verifies(&hash, PASSWORD).await, "{hash}");
            } else {
                assert_eq!(import(&hash), Err(Rule::BadFormat), "{hash}");
            }
        }
    }
}

#[test]
fn what_costs_too_much_is_refused() {
    let argon2 = |costs: &str| {
        format!(
            "$argon2id$v=19${costs}$c2l4dGVlbiBieXRlcyBvaw$Wp1GCHYxo8lQUD9r7dr0NTHOpSFsrANbEoCrh633tSQ"
        )
    };
    let bcrypt =
        |cost: &str| format!("$2b${cost}$AqW1HvHbU5mOMPjI3MhIJOi4CdwRBOynpaqQCssERD.fEJavwj6ce");
    let scrypt = |costs: &str| {
        format!(
            "$scrypt${costs}$rhVCyFmLcY4RQuidM2ZszQ$RH5XSkufG1G0UCMJ6bdmtimkT1v8GI3/P10PNwZM64A"
        )
    };
    let pbkdf2 = |rounds: &str| {
        format!("pbkdf2_sha256${rounds}$salt$/NVh59q+AiNIebkzTv3i8E/mM/3QVPbSlG5XxCaEP1s=")
    };
    for dear in [
        argon2("m=262145,t=1,p=1"),
        argon2("m=262144,t=5,p=1"),
        argon2("m=1024,t=4294967295,p=1"),
        argon2("m=1024,t=1,p=17"),
        bcrypt("16"),
        bcrypt("31"),
        scrypt("ln=19,r=8,p=1"),
        scrypt("ln=17,r=8,p=5"),
        scrypt("ln=63,r=8,p=1"),
        scrypt("ln=4,r=65,p=1"),
        scrypt("ln=1,r=1,p=65"),
        pbkdf2("3000001"),
        pbkdf2("4294967295"),
        pbkdf2("0"),
    ] {
        let refused = import(&dear);
        assert!(matches!(refused, Err(Rule::OutOfRange { .. })), "{dear}");
    }
    for fair in [
        argon2("m=262144,t=4,p=16"),
        argon2("m=102400,t=2,p=8"),
        argon2("m=65536,t=4,p=1"),
        bcrypt("15"),
        scrypt("ln=17,r=8,p=1"),
        scrypt("ln=15,r=8,p=3"),
        pbkdf2("1200000"),
    ] {
        assert!(import(&fair).is_ok(), "{fair}");
    }
}

#[test]
fn a_foreign_hash_is_not_shown() {
    for hash in KNOWN {
        assert_eq!(format!("{:?}", import(hash).unwrap()), "PasswordHash(…)");
    }
}

#[tokio::test]
async fn a_hash_of_our_own_is_current() {
    let hash = Hasher::new(1)
        .unwrap()
        .hash(SecretString::from(PASSWORD.to_owned()), &SystemRandom)
        .await
        .unwrap();
    assert!(hash.is_current());
    assert_eq!(import(hash.expose()), Ok(hash.clone()));
}
