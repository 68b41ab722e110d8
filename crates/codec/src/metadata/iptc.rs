//! IPTC data sets (IIM 4.2 chapter 1): a marker, record, number, length and bytes, one after the other.

/// By-line and its title, credit, source, copyright notice, contact: who made it and who owns it.
const RIGHTS: [u8; 6] = [80, 85, 110, 115, 116, 118];

/// Record, number and bytes of each data set, until one is cut off.
pub(crate) fn datasets(mut rest: &[u8]) -> Vec<(u8, u8, &[u8])> {
    let mut out = Vec::new();
    while let [0x1C, record, number, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        // A length of the extended kind belongs to data no picture has.
        let Some(data) = after.get(..length) else { break };
        out.push((*record, *number, data));
        rest = &after[length..];
    }
    out
}

/// Those of rights, with the one that says which letters are meant; `None` if there are none.
pub(super) fn rights(block: &[u8]) -> Option<Vec<u8>> {
    let all = datasets(block);
    if !all.iter().any(|(record, number, _)| *record == 2 && RIGHTS.contains(number)) {
        return None;
    }
    let kept = all.iter().filter(|(record, number, _)| match record {
        1 => *number == 90,
        2 => *number == 0 || RIGHTS.contains(number),
        _ => false,
    });
    Some(kept.flat_map(|(record, number, data)| set(*record, *number, data)).collect())
}

fn set(record: u8, number: u8, data: &[u8]) -> Vec<u8> {
    let [high, low] = (data.len() as u16).to_be_bytes();
    [&[0x1C, record, number, high, low], data].concat()
}
