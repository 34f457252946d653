//! Records: a length, its checksum, as many bytes, their checksum.

/// Each byte's part of the checksum: the polynomial of Castagnoli, reversed (RFC 3720, section B.4).
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u32, 0);
        while bit < 8 {
            crc = crc >> 1 ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// The checksum CRC-32C of bytes (RFC 3720, section B.4).
///
/// ```
/// assert_eq!(train::log::tensorboard::crc32c(b"123456789"), 0xe306_9283);
/// ```
pub fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| crc >> 8 ^ TABLE[(crc as u8 ^ byte) as usize])
}

/// The checksum as it stands in event files: rotated to the right by 15 bits, plus 0xa282ead8. A checksum of bytes that hold
/// checksums would say little.
///
/// ```
/// assert_eq!(train::log::tensorboard::masked_crc32c(b""), 0xa282_ead8);
/// ```
pub fn masked_crc32c(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// A record with these bytes.
pub(super) fn framed(payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u64).to_le_bytes();
    let sum = |bytes| masked_crc32c(bytes).to_le_bytes();
    [&length[..], &sum(&length), payload, &sum(payload)].concat()
}

/// The content of the first record, and the length of the whole; `None` if the bytes end within it.
pub(super) fn first(bytes: &[u8]) -> Result<Option<(&[u8], usize)>, String> {
    let Some((head, rest)) = bytes.split_at_checked(12) else { return Ok(None) };
    let (length, sum) = head.split_at(8);
    if sum != masked_crc32c(length).to_le_bytes() {
        return Err("a length with a wrong checksum".to_owned());
    }
    let length = u64::from_le_bytes(length.try_into().expect("8 bytes"));
    let payload = usize::try_from(length).ok().and_then(|length| rest.split_at_checked(length));
    let Some((payload, rest)) = payload else { return Ok(None) };
    let Some(sum) = rest.get(..4) else { return Ok(None) };
    if sum != masked_crc32c(payload).to_le_bytes() {
        return Err("bytes with a wrong checksum".to_owned());
    }
    Ok(Some((payload, payload.len() + 16)))
}
