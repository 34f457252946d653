#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
/* Both sides of a choice are computed once: GCC would make branches, and join them again. */
#pragma GCC push_options
#pragma GCC optimize("no-thread-jumps", "no-tree-pre")
#endif
