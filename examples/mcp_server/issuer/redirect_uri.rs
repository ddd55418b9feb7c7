//! The addresses at which a client may receive a code: `https`, `http` on this machine, and the
//! scheme that an app registers for itself (RFC 8252 §7).

use std::net::IpAddr;

use url::{Host, Url};

/// Schemes that no app has for itself. The private scheme of an app should be a domain name in
/// reverse (RFC 8252 §7.1), but many apps use a plain word. So every scheme is allowed but these;
/// an app that is not known here is more likely than a browser with a new scheme, and the page
/// shows the user where the response goes.
const NOT_AN_APP: [&str; 4] = [
    // A browser runs them, or shows what the client wrote.
    "about blob cid data filesystem jar javascript livescript mhtml mocha vbscript view-source",
    // A browser opens them itself: files, its own pages, its extensions.
    "brave chrome chrome-extension chrome-search chrome-untrusted content devtools edge extension \
     file moz-extension opera resource safari-extension safari-web-extension vivaldi",
    // They lead over a network, or to whatever program the URI names.
    "ftp ftps gopher intent ldap ldaps nfs smb telnet ws wss",
    // Any web page can make itself their handler (HTML Standard, "Custom scheme handlers").
    "bitcoin geo im irc ircs magnet mailto matrix mms news nntp openpgp4fpr sftp sip sms smsto ssh \
     tel urn webcal wtai xmpp",
];

pub(super) fn is_good(uri: &str) -> bool {
    let Ok(uri) = Url::parse(uri) else {
        return false;
    };
    let leads_to_client = match uri.scheme() {
        "https" => uri.has_host(),
        "http" => is_http_on_loopback(&uri),
        scheme => is_of_an_app(scheme),
    };
    // RFC 6749 §3.1.2: no fragment. A user name could make a host look like another.
    let plain = uri.fragment().is_none() && uri.username().is_empty() && uri.password().is_none();
    leads_to_client && plain
}

fn is_of_an_app(scheme: &str) -> bool {
    // A single letter is a drive of Windows. Web pages and extensions handle the two prefixes.
    let reserved = scheme.len() == 1 || scheme.starts_with("web+") || scheme.starts_with("ext+");
    let mut others = NOT_AN_APP.iter().flat_map(|schemes| schemes.split(' '));
    !reserved && others.all(|other| other != scheme)
}

pub(super) fn without_loopback_port(uri: &str) -> Option<Url> {
    let mut uri = Url::parse(uri).ok().filter(is_http_on_loopback)?;
    uri.set_port(None).ok()?;
    Some(uri)
}

pub(super) fn is_http_on_loopback(uri: &Url) -> bool {
    let loopback = match uri.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    uri.scheme() == "http" && loopback
}
