//! How readers of the table pick columns.

/// What a row has in the column of this name: `cell!(slope { … })`; with `else` what is taken where it has none.
macro_rules! cell {
    (value { value: $e:expr; $($rest:tt)* } $(else $default:expr)?) => { $e };
    (slope { slope: $e:expr; $($rest:tt)* } $(else $default:expr)?) => { $e };
    (da { da: $e:expr; $($rest:tt)* } $(else $default:expr)?) => { $e };
    (db { db: $e:expr; $($rest:tt)* } $(else $default:expr)?) => { $e };
    (test { test: $e:expr; $($rest:tt)* } $(else $default:expr)?) => { $e };
    (near { near: $e:expr; $($rest:tt)* } $(else $default:expr)?) => { $e };
    // Statements, for the block that they stand in.
    (with { with: { $($e:tt)* }; $($rest:tt)* } $(else $default:expr)?) => { $($e)* };
    ($name:ident { $other:ident $(: $e:expr)?; $($rest:tt)* } $(else $default:expr)?) => {
        $crate::table::cell!($name { $($rest)* } $(else $default)?)
    };
    ($name:ident {} else $default:expr) => { $default };
    ($name:ident {}) => { compile_error!(concat!("a row of the table has no column `", stringify!($name), "`")) };
}
pub(crate) use cell;

/// Whether a row has a mark, or a column, of this name.
macro_rules! marked {
    (cheap { cheap; $($rest:tt)* }) => { true };
    (one_pass { one_pass; $($rest:tt)* }) => { true };
    (commutes { commutes; $($rest:tt)* }) => { true };
    (chooses { chooses; $($rest:tt)* }) => { true };
    (pole { pole; $($rest:tt)* }) => { true };
    (rare { rare; $($rest:tt)* }) => { true };
    (near { near: $e:expr; $($rest:tt)* }) => { true };
    ($name:ident { $other:ident $(: $e:expr)?; $($rest:tt)* }) => { $crate::table::marked!($name { $($rest)* }) };
    ($name:ident {}) => { false };
}
pub(crate) use marked;

/// Leaves out the rows that are operators: for readers that make methods.
macro_rules! unless_operator {
    (Neg $($item:tt)*) => {};
    (Add $($item:tt)*) => {};
    (Sub $($item:tt)*) => {};
    (Mul $($item:tt)*) => {};
    (Div $($item:tt)*) => {};
    ($Row:ident $($item:tt)*) => { $($item)* };
}
pub(crate) use unless_operator;
