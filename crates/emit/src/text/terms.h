/* The length of the chains in which k products are added: about equally long, at most 256. */
WG_FN int wg_chain_length(int k) {
  const int chains = (k + 255) / 256;
  return k <= 256 ? k : (k + chains - 1) / chains;
}
