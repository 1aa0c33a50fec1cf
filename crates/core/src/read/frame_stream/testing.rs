//! Frames for tests, written byte by byte.

pub const CONTENT: &str = "protobuf:test";

pub fn control(kind: u32, fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut frame = kind.to_be_bytes().to_vec();
    for (field, value) in fields {
        frame.extend([&field.to_be_bytes()[..], &(value.len() as u32).to_be_bytes(), value].concat());
    }
    [&[0; 4][..], &(frame.len() as u32).to_be_bytes(), &frame].concat()
}

pub fn data(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u32).to_be_bytes()[..], content].concat()
}

pub fn start() -> Vec<u8> {
    control(2, &[(1, CONTENT.as_bytes())])
}
