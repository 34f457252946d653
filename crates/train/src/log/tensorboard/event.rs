//! What stands in a record.
//!
//! Source: `event.proto` and `summary.proto` of TensorBoard.

use super::proto::{Message, Value, fields};

/// An event.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// Seconds since 1970.
    pub wall_time: f64,
    /// The step.
    pub step: i64,
    /// The version of the file, in its first event.
    pub version: Option<String>,
    /// What was logged.
    pub summaries: Vec<Summary>,
}

/// Something that was logged.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Its name; slashes make groups.
    pub tag: String,
    /// What it is.
    pub content: Content,
}

/// What was logged.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// A number.
    Scalar(f32),
    /// How numbers are distributed.
    Histogram(Histogram),
    /// An image, as a PNG file.
    Image {
        /// Its width in pixels.
        width: u32,
        /// Its height in pixels.
        height: u32,
        /// 1 for brightness, 3 for red, green and blue.
        channels: u32,
        /// The file.
        png: Vec<u8>,
    },
    /// Something else, which is not read.
    Other,
}

/// How numbers are distributed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram {
    /// The least number.
    pub least: f64,
    /// The largest number.
    pub largest: f64,
    /// How many numbers there are.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
    /// The sum of their squares.
    pub sum_of_squares: f64,
    /// The upper limit of each bin.
    pub limits: Vec<f64>,
    /// How many numbers are in each bin.
    pub counts: Vec<f64>,
}

impl Histogram {
    /// The finite numbers among these, in bins of equal width.
    ///
    /// ```
    /// use train::log::tensorboard::Histogram;
    /// let histogram = Histogram::of(&[0.0, 1.0, 1.5, 4.0, f64::NAN], 2);
    /// assert_eq!((histogram.limits, histogram.counts), (vec![2.0, 4.0], vec![3.0, 1.0]));
    /// ```
    ///
    /// # Panics
    /// If there are no bins.
    #[track_caller]
    pub fn of(values: &[f64], bins: usize) -> Histogram {
        assert!(bins > 0, "Histogram::of: 0 bins");
        let finite = || values.iter().copied().filter(|x| x.is_finite());
        let mut histogram = Histogram {
            least: finite().fold(f64::INFINITY, f64::min),
            largest: finite().fold(f64::NEG_INFINITY, f64::max),
            count: finite().count() as f64,
            sum: finite().sum(),
            sum_of_squares: finite().map(|x| x * x).sum(),
            limits: vec![],
            counts: vec![0.0; bins],
        };
        if histogram.count == 0.0 {
            return Histogram { limits: vec![0.0], counts: vec![0.0], ..Histogram::default() };
        }
        // Half each, because the difference of two numbers may overflow.
        let (least, half) = (histogram.least / 2.0, histogram.largest / 2.0 - histogram.least / 2.0);
        histogram.limits = (1..=bins).map(|i| 2.0 * (least + half * (i as f64 / bins as f64))).collect();
        for x in finite() {
            let bin = (x / 2.0 - least) / half * bins as f64;
            histogram.counts[(bin as usize).min(bins - 1)] += 1.0;
        }
        histogram
    }

    fn encode(&self) -> Message {
        let mut message = Message::default();
        let numbers = [self.least, self.largest, self.count, self.sum, self.sum_of_squares];
        (1..).zip(numbers).for_each(|(field, x)| message.double(field, x));
        message.doubles(6, &self.limits);
        message.doubles(7, &self.counts);
        message
    }

    fn decode(message: &[u8]) -> Result<Histogram, String> {
        let mut histogram = Histogram::default();
        for field in fields(message) {
            let (number, value) = field?;
            let single = match number {
                1 => &mut histogram.least,
                2 => &mut histogram.largest,
                3 => &mut histogram.count,
                4 => &mut histogram.sum,
                5 => &mut histogram.sum_of_squares,
                6 | 7 => {
                    let list = if number == 6 { &mut histogram.limits } else { &mut histogram.counts };
                    match value {
                        Value::Bytes(packed) => {
                            let (each, rest) = packed.as_chunks();
                            if !rest.is_empty() {
                                return Err("a histogram with a broken list".to_owned());
                            }
                            list.extend(each.iter().map(|x| f64::from_le_bytes(*x)));
                        }
                        Value::Eight(x) => list.push(f64::from_le_bytes(x)),
                        _ => {}
                    }
                    continue;
                }
                _ => continue,
            };
            if let Value::Eight(x) = value {
                *single = f64::from_le_bytes(x);
            }
        }
        Ok(histogram)
    }
}

/// An image of one byte for each pixel, or three.
#[track_caller]
pub(super) fn image(width: u32, height: u32, pixels: &[u8]) -> Content {
    let count = u64::from(width) * u64::from(height);
    let channels = match pixels.len() as u64 {
        n if n == count && n > 0 => 1,
        n if Some(n) == count.checked_mul(3) && n > 0 => 3,
        n => {
            panic!("image: {n} bytes for {width}×{height} pixels\n  rule: one byte for each pixel, or three")
        }
    };
    let mut png = vec![];
    let mut encoder = png::Encoder::new(&mut png, width, height);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    let written = encoder.write_header().and_then(|mut file| {
        file.write_image_data(pixels)?;
        file.finish()
    });
    written.expect("memory takes all bytes, and there are as many as the image has");
    Content::Image { width, height, channels, png }
}

impl Event {
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut event = Message::default();
        event.double(1, self.wall_time);
        event.integer(2, self.step);
        if let Some(version) = &self.version {
            event.bytes(3, version.as_bytes());
        }
        if !self.summaries.is_empty() {
            let mut all = Message::default();
            self.summaries.iter().for_each(|summary| all.bytes(1, &summary.encode()));
            event.bytes(5, &all.0);
        }
        event.0
    }

    pub(super) fn decode(message: &[u8]) -> Result<Event, String> {
        let mut event = Event::default();
        for field in fields(message) {
            match field? {
                (1, Value::Eight(x)) => event.wall_time = f64::from_le_bytes(x),
                (2, Value::Varint(step)) => event.step = step.cast_signed(),
                (3, Value::Bytes(version)) => event.version = Some(text(version)?),
                (5, Value::Bytes(summaries)) => {
                    for field in fields(summaries) {
                        if let (1, Value::Bytes(summary)) = field? {
                            event.summaries.push(Summary::decode(summary)?);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(event)
    }
}

impl Summary {
    fn encode(&self) -> Vec<u8> {
        let mut summary = Message::default();
        summary.bytes(1, self.tag.as_bytes());
        match &self.content {
            Content::Scalar(x) => summary.float(2, *x),
            Content::Histogram(histogram) => summary.bytes(5, &histogram.encode().0),
            Content::Image { width, height, channels, png } => {
                let mut image = Message::default();
                let sizes = [height, width, channels];
                (1..).zip(sizes).for_each(|(field, size)| image.integer(field, i64::from(*size)));
                image.bytes(4, png);
                summary.bytes(4, &image.0);
            }
            Content::Other => {}
        }
        summary.0
    }

    fn decode(message: &[u8]) -> Result<Summary, String> {
        let mut summary = Summary { tag: String::new(), content: Content::Other };
        for field in fields(message) {
            match field? {
                (1, Value::Bytes(tag)) => summary.tag = text(tag)?,
                (2, Value::Four(x)) => summary.content = Content::Scalar(f32::from_le_bytes(x)),
                (4, Value::Bytes(image)) => summary.content = decode_image(image)?,
                (5, Value::Bytes(histogram)) => {
                    summary.content = Content::Histogram(Histogram::decode(histogram)?);
                }
                (8, Value::Bytes(tensor)) => {
                    if let Some(x) = decode_number(tensor)? {
                        summary.content = Content::Scalar(x);
                    }
                }
                _ => {}
            }
        }
        Ok(summary)
    }
}

fn decode_image(message: &[u8]) -> Result<Content, String> {
    let (mut sizes, mut png) = ([0; 3], vec![]);
    for field in fields(message) {
        match field? {
            (number @ 1..=3, Value::Varint(size)) => {
                let size = u32::try_from(size).map_err(|_| format!("an image with a size of {size}"))?;
                sizes[number as usize - 1] = size;
            }
            (4, Value::Bytes(bytes)) => png = bytes.to_vec(),
            _ => {}
        }
    }
    let [height, width, channels] = sizes;
    Ok(Content::Image { width, height, channels, png })
}

/// A number that is written as a tensor, as newer writers do: its dtype is 1, for `f32`.
fn decode_number(message: &[u8]) -> Result<Option<f32>, String> {
    let (mut is_float, mut found) = (false, None);
    for field in fields(message) {
        match field? {
            (1, Value::Varint(dtype)) => is_float = dtype == 1,
            (4 | 5, Value::Bytes(bytes)) => found = bytes.try_into().ok().map(f32::from_le_bytes),
            (5, Value::Four(x)) => found = Some(f32::from_le_bytes(x)),
            _ => {}
        }
    }
    Ok(found.filter(|_| is_float))
}

fn text(bytes: &[u8]) -> Result<String, String> {
    String::from_utf8(bytes.to_vec()).map_err(|_| "a text that is no UTF-8".to_owned())
}
