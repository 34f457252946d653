//! A host that plays a device: memory of its own, kernels compiled by the C compiler and run block by block, nodes in any order
//! that their edges allow. What depends on an order that no edge asks for goes wrong here.
#![allow(unsafe_code, reason = "what the C compiler made is called")]

use crate::player::Player;
use cuda::Error;
use cuda::machine::{Address, Graph, Limits, Machine, Matrix, Module, Node, Product, Repeat, Whole, Work};
use libloading::{Library, Symbol};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Blocks in place of vectors: the loops that all threads share go from block to block, those of a tile backwards.
const LOOPS: &str = r"
static int host_block, host_blocks;
#define WG_EACH(i, n) for (int i = host_block; i < (n); i += host_blocks)
#define WG_ROWS(r, rows, i, row) \
  for (int wg_at = host_block, r = wg_at / (row), i = wg_at % (row); wg_at < (rows) * (row); \
       wg_at += host_blocks, r = wg_at / (row), i = wg_at % (row))
#define WG_TILES(tile, tiles) for (int tile = host_block; tile < (tiles); tile += host_blocks)
#define WG_IN(i, n) for (int i = (n) - 1; i >= 0; --i)
#define WG_IN_ROWS(r, rows, i, row) \
  for (int wg_at = (rows) * (row) - 1, r = wg_at / (row), i = wg_at % (row); wg_at >= 0; \
       --wg_at, r = wg_at / (row), i = wg_at % (row))
#define WG_ONE if (host_block == 0)
void wg_place(int block, int blocks) { host_block = block, host_blocks = blocks; }
#define PRODUCT(T) \
  static void product_##T(const long long *s, const T *a, const T *b, T *c) { \
    for (long long z = 0; z < s[3]; ++z) for (long long i = 0; i < s[0]; ++i) for (long long j = 0; j < s[1]; ++j) { \
      double sum = 0; \
      for (long long p = 0; p < s[2]; ++p) \
        sum += (double)a[z * s[6] + (s[4] ? i * s[5] + p : i + p * s[5])] * (double)b[z * s[9] + (s[7] ? p * s[8] + j : p + j * s[8])]; \
      c[z * s[11] + i + j * s[10]] = (T)sum; } }
PRODUCT(float)
PRODUCT(double)
void wg_product(int single, const long long *s, void *a, void *b, void *c) {
  if (single) product_float(s, a, b, c); else product_double(s, a, b, c);
}
";

/// What follows an allocation: whoever writes beyond the end writes here.
const GUARD: u64 = 0xabad_1dea_abad_1dea;
const GUARDS: usize = 8;

/// The machine. Copies are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Host(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    memory: RefCell<BTreeMap<Address, Vec<u64>>>,
    /// The texts of modules, and what those became that are compiled.
    texts: RefCell<Vec<String>>,
    compiled: RefCell<Vec<Option<Rc<Library>>>>,
    /// What the next order comes from.
    seed: Cell<u64>,
    /// The edge that is forgotten, by its number in a graph.
    forgotten: Cell<Option<usize>>,
    /// The bytes that are left.
    left: Cell<usize>,
    /// Whether the next launch fails.
    fails: Cell<bool>,
    pub(crate) launches: Cell<usize>,
    limits: Cell<Limits>,
    /// The barrier that is forgotten, by its number in a step.
    barrier: Cell<Option<usize>>,
}

impl Default for Inner {
    fn default() -> Inner {
        Inner {
            memory: RefCell::default(),
            texts: RefCell::default(),
            compiled: RefCell::default(),
            seed: Cell::new(1),
            forgotten: Cell::new(None),
            left: Cell::new(1 << 32),
            fails: Cell::new(false),
            launches: Cell::new(0),
            limits: Cell::new(Limits { processors: 6, shared: 100 << 10 }),
            barrier: Cell::new(None),
        }
    }
}

impl Host {
    /// The next number below a bound.
    pub(crate) fn below(&self, n: usize) -> usize {
        let next = self.0.seed.get().wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        self.0.seed.set(next);
        (next >> 33) as usize % n.max(1)
    }

    pub(crate) fn seed(&self, seed: u64) {
        self.0.seed.set(seed);
    }

    /// Graphs that are made from now on lack the edge of a number.
    pub(crate) fn forget(&self, edge: Option<usize>) {
        self.0.forgotten.set(edge);
    }

    /// One kernel lacks the barrier of a number.
    pub(crate) fn forget_barrier(&self, barrier: Option<usize>) {
        self.0.barrier.set(barrier);
    }

    /// The bytes that a block shares.
    pub(crate) fn share(&self, shared: usize) {
        self.0.limits.set(Limits { shared, ..self.0.limits.get() });
    }

    pub(crate) fn limit(&self, bytes: usize) {
        self.0.left.set(bytes);
    }

    pub(crate) fn fail(&self) {
        self.0.fails.set(true);
    }

    pub(crate) fn launches(&self) -> usize {
        self.0.launches.get()
    }

    /// Counts a launch, which may be one that fails.
    pub(crate) fn launched(&self) -> Result<(), Error> {
        if self.0.fails.take() {
            return Err(Error::Device { call: "launch", message: "a planted failure".to_owned() });
        }
        self.0.launches.set(self.0.launches.get() + 1);
        Ok(())
    }

    /// The barrier that is forgotten.
    pub(crate) fn forgotten_barrier(&self) -> Option<usize> {
        self.0.barrier.get()
    }

    /// How many allocations are alive.
    pub(crate) fn allocations(&self) -> usize {
        self.0.memory.borrow().len()
    }

    /// What a module became. All that are not compiled yet become one library, so that the compiler is started once.
    fn library(&self, module: usize) -> Rc<Library> {
        let mut compiled = self.0.compiled.borrow_mut();
        let texts = self.0.texts.borrow();
        if compiled.len() <= module || compiled[module].is_none() {
            let first = compiled.len();
            let library = Rc::new(library(first, &texts[first..]));
            compiled.resize(texts.len(), Some(library));
        }
        Rc::clone(compiled[module].as_ref().expect("it was just compiled"))
    }
}

/// The names of the kernels of a text, each with the number of its parameters.
fn kernels(text: &str) -> Vec<(&str, usize)> {
    let heads = text.lines().filter_map(|line| line.trim_start().strip_prefix("WG_KERNEL "));
    heads
        .map(|head| {
            let (name, rest) = head.split_once('(').expect("parameters");
            let parameters = rest.split_once(')').expect("parameters").0;
            (name, parameters.split(',').count())
        })
        .collect()
}

fn library(first: usize, texts: &[String]) -> Library {
    let mut source = String::from(LOOPS);
    for (i, text) in texts.iter().enumerate() {
        let module = first + i;
        let kernels = kernels(text);
        for (name, _) in &kernels {
            let _ = writeln!(source, "#define {name} m{module}_{name}");
        }
        source += text;
        for (name, parameters) in &kernels {
            let arguments: Vec<String> = (0..*parameters).map(|i| format!("a[{i}]")).collect();
            let arguments = arguments.join(", ");
            let _ = writeln!(
                source,
                "#undef {name}\nvoid c{module}_{name}(void **a) {{ m{module}_{name}({arguments}); }}"
            );
        }
    }
    compiled(&source)
}

/// A text as a library.
pub(crate) fn compiled(source: &str) -> Library {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("cuda_bits_{}_{}", std::process::id(), COUNT.fetch_add(1, Relaxed));
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("the target folder takes folders");
    let (c, so) = (folder.join("all.c"), folder.join("all.so"));
    std::fs::write(&c, source).expect("the target folder takes files");
    let compiler = Command::new("cc")
        .args([
            "-std=gnu11",
            "-O0",
            "-march=native",
            "-ffp-contract=off",
            "-fno-math-errno",
            "-w",
            "-shared",
            "-fPIC",
            "-o",
        ])
        .args([&so, &c])
        .output()
        .expect("the compiler was found before");
    assert!(compiler.status.success(), "{}: {}", c.display(), String::from_utf8_lossy(&compiler.stderr));
    // SAFETY: the library was just made from texts that run nothing when they are loaded.
    let library = unsafe { Library::new(&so) }.expect("a library that was just made");
    let _ = std::fs::remove_dir_all(&folder);
    library
}

impl Machine for Host {
    fn allocate(&self, bytes: usize) -> Result<Address, Error> {
        if bytes > self.0.left.get() {
            return Err(Error::OutOfMemory { bytes });
        }
        self.0.left.set(self.0.left.get() - bytes);
        let words = bytes.div_ceil(8);
        let mut memory = vec![0u64; words + GUARDS];
        memory[words..].fill(GUARD);
        let at = memory.as_mut_ptr() as Address;
        self.0.memory.borrow_mut().insert(at, memory);
        Ok(at)
    }

    fn free(&self, at: Address) {
        let memory =
            self.0.memory.borrow_mut().remove(&at).expect("memory that was allocated, and is freed once");
        let guards = &memory[memory.len() - GUARDS..];
        assert!(guards.iter().all(|&word| word == GUARD), "a kernel wrote beyond the end of its memory");
        self.0.left.set(self.0.left.get() + 8 * (memory.len() - GUARDS));
    }

    fn upload(&self, to: Address, bytes: &[u8]) -> Result<(), Error> {
        let mut all = self.0.memory.borrow_mut();
        let (start, memory) = all.range_mut(..=to).next_back().expect("memory that was allocated");
        let from = (to - start) as usize;
        let end = 8 * (memory.len() - GUARDS);
        bytemuck::cast_slice_mut::<u64, u8>(memory)[..end][from..from + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn download(&self, from: Address, bytes: &mut [u8]) -> Result<(), Error> {
        let all = self.0.memory.borrow();
        let (start, memory) = all.range(..=from).next_back().expect("memory that was allocated");
        let first = (from - start) as usize;
        let end = 8 * (memory.len() - GUARDS);
        bytes.copy_from_slice(&bytemuck::cast_slice::<u64, u8>(memory)[..end][first..first + bytes.len()]);
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.0.limits.get()
    }

    fn load(&self, text: &str) -> Result<Box<dyn Module>, Error> {
        if text.starts_with("#define WG_TOGETHER") {
            return Ok(Box::new(Player::new(self, text)));
        }
        self.0.texts.borrow_mut().push(text.to_owned());
        Ok(Box::new(Loaded { host: self.clone(), module: self.0.texts.borrow().len() - 1 }))
    }
}

#[derive(Debug)]
struct Loaded {
    host: Host,
    module: usize,
}

impl Module for Loaded {
    fn graph(&self, nodes: &[Node]) -> Result<Box<dyn Graph>, Error> {
        let mut nodes = nodes.to_vec();
        let mut edge = self.host.0.forgotten.get();
        for node in &mut nodes {
            match edge {
                Some(i) if i < node.after.len() => {
                    node.after.remove(i);
                    edge = None;
                }
                Some(i) => edge = Some(i - node.after.len()),
                None => {}
            }
        }
        Ok(Box::new(Ready { host: self.host.clone(), module: self.module, nodes }))
    }

    fn whole(&self, _: &Whole) -> Result<Box<dyn Repeat>, Error> {
        unreachable!("these are kernels that are launched one by one")
    }
}

#[derive(Debug)]
struct Ready {
    host: Host,
    module: usize,
    nodes: Vec<Node>,
}

impl Ready {
    /// An order that the edges allow.
    fn order(&self) -> Vec<usize> {
        let mut waits: Vec<usize> = self.nodes.iter().map(|node| node.after.len()).collect();
        let mut ready: Vec<usize> = (0..waits.len()).filter(|&i| waits[i] == 0).collect();
        let mut order = vec![];
        while !ready.is_empty() {
            // The latest one half of the time: it is the least likely to be right where an edge is missing.
            let latest = self.host.below(2) == 0;
            let at = if latest { ready.len() - 1 } else { self.host.below(ready.len()) };
            let next = ready.remove(at);
            order.push(next);
            for (i, node) in self.nodes.iter().enumerate().filter(|(_, node)| node.after.contains(&next)) {
                waits[i] -= node.after.iter().filter(|&&j| j == next).count();
                if waits[i] == 0 {
                    ready.push(i);
                }
            }
        }
        assert_eq!(order.len(), self.nodes.len(), "edges go back to earlier nodes");
        order
    }

    fn run(&self, library: &Library, work: &Work) {
        match work {
            Work::Kernel { name, arguments, blocks, threads } => {
                assert!(*blocks >= 1 && (1..=1024).contains(threads), "{name}: {blocks} blocks of {threads}");
                let symbol = format!("c{}_{name}", self.module);
                let mut blocks_in_order: Vec<usize> = (0..*blocks).collect();
                for i in (1..*blocks).rev() {
                    blocks_in_order.swap(i, self.host.below(i + 1));
                }
                // SAFETY: the library has both functions with these types; the addresses are those of its memory, which is
                // as long as the kernel says, and guards tell where it is not.
                unsafe {
                    let place: Symbol<'_, extern "C" fn(i32, i32)> =
                        library.get(b"wg_place").expect("a place");
                    let kernel: Symbol<'_, extern "C" fn(*const Address)> =
                        library.get(symbol.as_bytes()).unwrap_or_else(|error| panic!("{symbol}: {error}"));
                    for block in blocks_in_order {
                        place(block as i32, *blocks as i32);
                        kernel(arguments.as_ptr());
                    }
                }
            }
            Work::Product(product) => multiply(library, product),
        }
    }
}

/// A product as cuBLASLt takes it.
fn multiply(library: &Library, product: &Product) {
    let Product { dtype, m, n, k, batch, a, b, c } = product;
    let of = |x: &Matrix| [usize::from(x.is_transposed), x.leading, x.step];
    let mut sizes = vec![*m, *n, *k, *batch];
    sizes.extend(of(a));
    sizes.extend(of(b));
    sizes.extend([c.leading, c.step]);
    let sizes: Vec<i64> = sizes.into_iter().map(|n| n as i64).collect();
    let single = i32::from(*dtype == autograd::DType::F32);
    type F = extern "C" fn(i32, *const i64, Address, Address, Address);
    // SAFETY: the library has this function with this type, and the addresses are those of its memory.
    unsafe {
        let f: Symbol<'_, F> = library.get(b"wg_product").expect("a product");
        f(single, sizes.as_ptr(), a.at, b.at, c.at);
    }
}

impl Graph for Ready {
    fn launch(&self) -> Result<(), Error> {
        self.host.launched()?;
        let library = self.host.library(self.module);
        self.order().into_iter().for_each(|i| self.run(&library, &self.nodes[i].work));
        Ok(())
    }
}
