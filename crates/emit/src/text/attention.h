/* An entry of attention: queries of [m, d], keys of [n, d], values of [n, e], cotangents of [m, e], a mask and a bias of [m, n], each
   with its steps from row to row and from column to column. Where `drop` is not 0, weight (i, j) is dropped by number
   first + i * n + j of a key of random numbers, or multiplied by `factor`. Queries come in blocks, and look at `step` keys at a time, as far as the last of a block sees. */
typedef struct {
  const @ *q, *k, *v, *g;
  const wg_bool *mask;
  const @ *bias;
  int q_row, q_at, k_row, k_at, v_row, v_at, g_row, g_at, mask_row, mask_at, bias_row, bias_at;
  wg_long key[2];
  wg_bits first;
  @ drop, factor;
  int m, n, d, e, causal, block, step, parts, chain_d, chain_e;
} wg_attention@f;
WG_FN int wg_attention_keys@f(const wg_attention@f *x, int i) {
  int end = (i / x->block + 1) * x->block;
  if (end > x->m) end = x->m;
  return x->causal && end < x->n ? end : x->n;
}
WG_FN int wg_attention_hidden@f(const wg_attention@f *x, int i, int j) {
  if (x->causal && i < j) return 1;
  if (x->mask && !x->mask[i * x->mask_row + j * x->mask_at]) return 1;
  return x->bias && x->bias[i * x->bias_row + j * x->bias_at] == -wg_inf@f();
}
WG_FN @ wg_attention_score@f(const wg_attention@f *x, int i, int j) {
  if (wg_attention_hidden@f(x, i, j)) return -wg_inf@f();
  const @ s = wg_chains@f(x->k + j * x->k_row, x->k_at, x->q + i * x->q_row, x->q_at, x->d, x->chain_d);
  return x->bias ? s + x->bias[i * x->bias_row + j * x->bias_at] : s;
}
/* A weight, or its cotangent, after dropout. */
WG_FN @ wg_attention_kept@f(const wg_attention@f *x, int i, int j, @ weight) {
  if (x->drop == 0) return weight;
  const wg_bits number = x->first + (wg_bits)i * (wg_bits)x->n + (wg_bits)j, each = 16 / sizeof(@);
  unsigned w[4];
  wg_philox(x->key, 0, number / each, w);
  return weight * (wg_unit@f(w, (int)(number % each)) < x->drop ? 0 : x->factor);
}
WG_FN @ wg_attention_slope@f(const wg_attention@f *x, int i, int j) {
  const @ s = wg_chains@f(x->v + j * x->v_row, x->v_at, x->g + i * x->g_row, x->g_at, x->e, x->chain_e);
  return wg_attention_kept@f(x, i, j, s);
}
/* The largest score of a query; 0 if it sees no key. */
WG_FN @ wg_attention_largest@f(const wg_attention@f *x, int i, int keys) {
  @ most = -wg_inf@f();
  for (int j = 0; j < keys; ++j) {
    const @ s = wg_attention_score@f(x, i, j);
    most = s > most ? s : most;
  }
  if (most == -wg_inf@f()) {
    int seen = 0;
    for (int j = 0; j < keys; ++j) seen |= !wg_attention_hidden@f(x, i, j);
    if (!seen) most = 0;
  }
  return most;
}
/* A row of the result. `p` has room for the weights of a step. */
WG_FN void wg_attend@f(const wg_attention@f *x, int i, @ *p, @ *y) {
  const int keys = wg_attention_keys@f(x, i);
  const @ most = wg_attention_largest@f(x, i, keys);
  @ total = 0;
  for (int from = 0; from < keys; from += x->step) {
    const int count = keys - from < x->step ? keys - from : x->step;
    @ sum = 0;
    for (int j = 0; j < count; ++j) {
      p[j] = wg_exp_falling@f(wg_attention_score@f(x, i, from + j) - most);
      sum = sum + p[j];
      p[j] = wg_attention_kept@f(x, i, from + j, p[j]);
    }
    total = total + sum;
    for (int c = 0; c < x->e; ++c) {
      const @ s = wg_chains@f(p, 1, x->v + from * x->v_row + c * x->v_at, x->v_row, count, count);
      y[c] = from ? y[c] + s : s;
    }
  }
  total = total == 0 ? total : 1 / total;
  for (int c = 0; c < x->e; ++c) y[c] = y[c] * total;
}
/* What the cotangents of a query need: its largest score, 1 over the sum of its exponentials, the mean of its slopes. */
WG_FN void wg_attention_row@f(const wg_attention@f *x, int i, @ *row) {
  const int keys = wg_attention_keys@f(x, i);
  const @ most = wg_attention_largest@f(x, i, keys);
  @ total = 0, mean = 0;
  for (int from = 0; from < keys; from += x->step) {
    const int to = keys - from < x->step ? keys : from + x->step;
    @ sum = 0, slopes = 0;
    for (int j = from; j < to; ++j) {
      const @ p = wg_exp_falling@f(wg_attention_score@f(x, i, j) - most);
      sum = sum + p;
      slopes = slopes + p * wg_attention_slope@f(x, i, j);
    }
    total = total + sum;
    mean = mean + slopes;
  }
  row[0] = most, row[1] = total == 0 ? total : 1 / total, row[2] = mean * row[1];
}
WG_FN @ wg_attention_weight@f(const wg_attention@f *x, int i, int j, const @ *row) {
  return wg_exp_falling@f(wg_attention_score@f(x, i, j) - row[0]) * row[1];
}
/* The cotangent of a query. `s` has room for the cotangents of the scores of a step. */
WG_FN void wg_attention_query@f(const wg_attention@f *x, int i, const @ *row, @ *s, @ *y) {
  const int keys = wg_attention_keys@f(x, i);
  for (int from = 0; from < keys; from += x->step) {
    const int count = keys - from < x->step ? keys - from : x->step;
    for (int j = 0; j < count; ++j)
      s[j] = wg_attention_weight@f(x, i, from + j, row) * (wg_attention_slope@f(x, i, from + j) - row[2]);
    for (int c = 0; c < x->d; ++c) {
      const @ sum = wg_chains@f(s, 1, x->k + from * x->k_row + c * x->k_at, x->k_row, count, count);
      y[c] = from ? y[c] + sum : sum;
    }
  }
}
/* The cotangents of a key and of its value. `part` and `sum` have room for d + e numbers. */
WG_FN void wg_attention_key@f(const wg_attention@f *x, int j, const @ *rows, @ *part, @ *sum, @ *y_k, @ *y_v) {
  for (int p = 0; p < x->parts; ++p) {
    for (int c = 0; c < x->d + x->e; ++c) part[c] = 0;
    for (int first = p * x->block; first < x->m; first += x->parts * x->block) {
      if (j >= wg_attention_keys@f(x, first)) continue;
      for (int c = 0; c < x->d + x->e; ++c) sum[c] = 0;
      for (int i = first; i < first + x->block && i < x->m; ++i) {
        const @ weight = wg_attention_weight@f(x, i, j, rows + 3 * i);
        const @ slope = weight * (wg_attention_slope@f(x, i, j) - rows[3 * i + 2]);
        const @ kept = wg_attention_kept@f(x, i, j, weight);
        for (int c = 0; c < x->d; ++c) sum[c] = wg_fma@f(slope, x->q[i * x->q_row + c * x->q_at], sum[c]);
        for (int c = 0; c < x->e; ++c)
          sum[x->d + c] = wg_fma@f(kept, x->g[i * x->g_row + c * x->g_at], sum[x->d + c]);
      }
      for (int c = 0; c < x->d + x->e; ++c) part[c] = part[c] + sum[c];
    }
    for (int c = 0; c < x->d; ++c) y_k[c] = p ? y_k[c] + part[c] : part[c];
    for (int c = 0; c < x->e; ++c) y_v[c] = p ? y_v[c] + part[x->d + c] : part[x->d + c];
  }
}
/* What part p of the blocks adds to the cotangent of a bias: that of query i and key j, or of all queries and key j, where i is less
   than 0. */
WG_FN @ wg_attention_bias@f(const wg_attention@f *x, int i, int j, int p, const @ *rows, @ y) {
  const int only = i < 0 ? x->m : i;
  for (int first = i < 0 ? p * x->block : i / x->block * x->block; first < x->m; first += x->parts * x->block) {
    const int end = first + x->block < x->m ? first + x->block : x->m;
    if (j < wg_attention_keys@f(x, first)) {
      @ sum = 0;
      for (int at = i < 0 ? first : i; at < end; ++at) {
        sum = sum + wg_attention_weight@f(x, at, j, rows + 3 * at) * (wg_attention_slope@f(x, at, j) - rows[3 * at + 2]);
        if (at == only) break;
      }
      y = y + sum;
    }
    if (i >= 0) break;
  }
  return y;
}
