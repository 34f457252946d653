#if defined(__GNUC__) && !defined(__clang__) && !defined(__CUDACC__)
/* So few numbers are not made vectors: what is written as one is read one by one, and waits. */
#pragma GCC optimize("no-tree-vectorize")
#endif
