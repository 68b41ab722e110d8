//! Large buffers that a thread keeps from one picture to the next.
//!
//! The system clears every page that it hands out, and takes it back at once where many megabytes are freed: for a picture
//! of 4 megapixels that was a fifth of the time of its render. A thread that renders one picture after another holds on to
//! at most [`MOST`] bytes instead.

use std::cell::RefCell;

/// Bytes that a thread keeps, at most: two of 4 megapixels with alpha.
pub const MOST: usize = 32 << 20;
/// Smaller buffers are left to the allocator, which keeps those itself.
const LEAST: usize = 128 << 10;

thread_local! {
    static KEPT: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of `len` bytes. What is in it is whatever an earlier picture left: for those who write every byte, or give
/// nothing out when they fail.
pub fn take(len: usize) -> Vec<u8> {
    let found = (len >= LEAST).then(|| KEPT.with_borrow_mut(|kept| fitting(kept, len))).flatten();
    match found {
        Some(mut buffer) => {
            buffer.resize(len, 0);
            buffer
        }
        None => vec![0; len],
    }
}

/// The smallest that is large enough, and not so large that most of it would lie idle.
fn fitting(kept: &mut Vec<Vec<u8>>, len: usize) -> Option<Vec<u8>> {
    let fits = |buffer: &Vec<u8>| buffer.capacity() >= len && buffer.capacity() / 4 <= len;
    let (place, _) = kept.iter().enumerate().filter(|(_, b)| fits(b)).min_by_key(|(_, b)| b.capacity())?;
    Some(kept.swap_remove(place))
}

/// Hands a buffer in for a later picture of this thread.
pub fn keep(buffer: Vec<u8>) {
    if !(LEAST..=MOST).contains(&buffer.capacity()) {
        return;
    }
    KEPT.with_borrow_mut(|kept| {
        kept.push(buffer);
        // The oldest go first.
        while kept.iter().map(Vec::capacity).sum::<usize>() > MOST {
            kept.remove(0);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_up_to_a_limit() {
        let held = || KEPT.with_borrow(|kept| kept.iter().map(Vec::capacity).sum::<usize>());
        let first = take(1 << 20);
        let at = first.as_ptr();
        keep(first);
        let again = take(900_000);
        assert_eq!((again.as_ptr(), again.len()), (at, 900_000));
        keep(again);
        assert_eq!(take(1 << 17).len(), 1 << 17);
        assert_eq!(held(), 1 << 20, "a small one does not take a large one");
        assert_eq!(take(1 << 20).len(), 1 << 20, "what was cut off is there again");
        assert_eq!(held(), 0);
        for _ in 0..5 {
            keep(vec![7; 10 << 20]);
        }
        assert_eq!(held(), 30 << 20);
        keep(vec![7; MOST + 1]);
        keep(vec![7; LEAST - 1]);
        assert_eq!(held(), 30 << 20, "neither the huge nor the small");
    }
}
