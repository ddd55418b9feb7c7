//! What a reader reads, by where it stands and what the server says.

use tokio::time::Instant;

use super::super::position::{Absent, Foreign, Look, Position, Read};
use super::{Record, record, seconds};
use crate::store::commands::EntryId;

fn id(milliseconds: u64) -> EntryId {
    EntryId {
        milliseconds,
        sequence: 0,
    }
}

fn look(identity: Option<&str>, last: Option<u64>) -> Look {
    Look {
        identity: identity.map(str::to_owned),
        last: last.map(id),
        is_same_connection: false,
    }
}

/// A reader that has read all of a stream of server `a`, up to 1,000,000.
fn read_up_to_a_million() -> Position {
    let mut position = Position::default();
    let seen = look(Some("a"), Some(1_000_000));
    let mut reading = position.begin(&seen, Vec::new);
    assert_eq!(reading.after, EntryId::default());
    assert!(position.note_page(&mut reading, &[id(500_000), id(1_000_000)], &[], true));
    assert!(matches!(position.end(&reading), Read::Whole(_)));
    position
}

#[test]
fn where_a_read_begins() {
    let recent = id(1_000_000 - 120_000);
    let all = EntryId::default();
    let cases = [
        ("nothing has changed", Some("a"), Some(1_000_000), recent),
        ("entries were added", Some("a"), Some(2_000_000), recent),
        ("the stream was made anew", Some("a"), Some(999_999), all),
        ("there is no stream", Some("a"), Some(0), all),
        ("another server", Some("b"), Some(2_000_000), all),
        ("a server that may be another", None, Some(2_000_000), all),
        ("no word of the stream", Some("a"), None, recent),
    ];
    for (name, identity, last, after) in cases {
        let mut position = read_up_to_a_million();
        let reading = position.begin(&look(identity, last), Vec::new);
        assert_eq!(reading.after, after, "{name}");
    }
}

/// Where the user may not use `INFO`.
#[test]
fn a_server_that_hides_what_it_is_is_read_whole_at_each_connection() {
    for (is_same_connection, after) in [(true, id(1_000_000 - 120_000)), (false, id(0))] {
        let mut position = Position::default();
        let mut seen = look(None, Some(1_000_000));
        let mut reading = position.begin(&seen, Vec::new);
        position.note_page(&mut reading, &[id(1_000_000)], &[], true);
        assert!(matches!(position.end(&reading), Read::Whole(_)));
        seen.is_same_connection = is_same_connection;
        assert_eq!(position.begin(&seen, Vec::new).after, after);
    }
}

#[test]
fn a_read_that_does_not_find_the_last_entry_is_followed_by_a_whole_one() {
    for (name, found, is_enough) in [
        ("it is there", id(1_000_000), true),
        ("it is gone", id(999_999), false),
    ] {
        let mut position = read_up_to_a_million();
        let seen = look(Some("a"), Some(2_000_000));
        let mut reading = position.begin(&seen, Vec::new);
        position.note_page(&mut reading, &[found, id(2_000_000)], &[], true);
        let read = position.end(&reading);
        assert_eq!(matches!(read, Read::Recent), is_enough, "{name}");
        assert_eq!(matches!(read, Read::NotEnough), !is_enough, "{name}");
        let again = position.begin(&seen, Vec::new);
        assert_eq!(again.after == EntryId::default(), !is_enough, "{name}");
    }
}

#[test]
fn a_read_ends_at_what_was_there_when_it_began() {
    let mut position = Position::default();
    let seen = look(Some("a"), Some(20));
    let mut reading = position.begin(&seen, Vec::new);
    assert!(!position.note_page(&mut reading, &[id(10), id(19)], &[], false));
    assert!(position.note_page(&mut reading, &[id(20), id(21)], &[], false));
    position.end(&reading);
    assert_eq!(position.last(), id(21));
}

#[test]
fn a_whole_read_goes_on_after_a_break_unless_the_server_is_another() {
    for (name, identity, after) in [
        ("the same", "a", id(10)),
        ("another", "b", EntryId::default()),
    ] {
        let mut position = Position::default();
        let mut reading = position.begin(&look(Some("a"), Some(20)), Vec::new);
        position.note_page(&mut reading, &[id(10)], &[], false);
        let reading = position.begin(&look(Some(identity), Some(20)), Vec::new);
        assert_eq!(reading.after, after, "{name}");
    }
}

/// Each row: what a read of the whole stream has found, and whether the revocation of cut 5 and
/// end 9 is absent all the same.
#[test]
fn fleet_f28_what_a_read_has_found_is_not_absent() {
    let wanted = record(1, 5, 9);
    let rows: [(&str, &[Record], bool); 8] = [
        ("nothing", &[], true),
        ("the same", &[record(1, 5, 9)], false),
        ("more", &[record(1, 6, 10)], false),
        ("an earlier cut", &[record(1, 4, 9)], true),
        ("an earlier end", &[record(1, 5, 8)], true),
        (
            "cut and end in two entries",
            &[record(1, 5, 8), record(1, 4, 9)],
            false,
        ),
        ("less, twice", &[record(1, 4, 8), record(1, 4, 8)], true),
        ("another", &[record(2, 5, 9)], true),
    ];
    for (what, found, is_absent) in rows {
        let mut in_one_page = Absent::new(vec![wanted]);
        in_one_page.note(found);
        let mut page_by_page = Absent::new(vec![wanted]);
        for record in found {
            page_by_page.note(&[*record]);
        }
        for absent in [in_one_page, page_by_page] {
            assert_eq!(absent.is_empty(), !is_absent, "{what}");
            let want = is_absent.then_some(wanted);
            assert_eq!(absent.records(), Vec::from_iter(want), "{what}");
        }
    }
}

/// One that is found ends neither the others nor the look at them.
#[test]
fn fleet_f28_the_rest_stays_absent() {
    let mut absent = Absent::new(vec![record(1, 5, 9), record(2, 5, 9)]);
    absent.note(&[record(3, 5, 9), record(1, 5, 9)]);
    assert!(!absent.is_empty());
    absent.note(&[record(3, 5, 9), record(2, 5, 9)]);
    assert!(absent.is_empty());
}

/// What was found may have been lost since, and both times of what is added count.
#[test]
fn fleet_f28_what_becomes_absent_again_must_be_found_again() {
    let mut absent = Absent::new(vec![record(1, 5, 9)]);
    absent.note(&[record(1, 5, 8)]);
    absent.add(record(1, 4, 10));
    absent.note(&[record(1, 4, 10)]);
    assert_eq!(absent.records(), [record(1, 5, 10)]);
}

/// More than a thousand entries of others in a minute are a flood, for the rest of that minute.
#[test]
fn entries_of_others_are_counted_by_the_minute() {
    let began = Instant::now();
    let at = |time| began + seconds(time);
    let mut foreign = Foreign::default();
    assert!(!foreign.is_flood(began), "there are none");
    foreign.note(600, began);
    foreign.note(400, at(59));
    assert!(!foreign.is_flood(at(59)), "a thousand");
    foreign.note(1, at(59));
    assert!(foreign.is_flood(at(59)), "one more");
    assert!(!foreign.is_flood(at(60)), "the minute is over");
    // The next one begins with nothing.
    foreign.note(1_000, at(60));
    assert!(!foreign.is_flood(at(60)));
    foreign.note(1, at(119));
    assert!(foreign.is_flood(at(119)));
    foreign.note(0, at(120));
    assert!(!foreign.is_flood(at(120)));
}
