# Rscript tools/r_agreement.R > tests/data/r_agreement.json
#
# Reference values from R for the tests of agreement of coders: each case is a call as text, and what
# it gives stands beside it. psych has the ICCs and the two coders' kappas; the rest is written from
# the definitions, not from the Python code: coefficients as functions of units' weights, standard
# errors by differentiating them (the linearized variance in another way), alpha by coincidences.
# tests/data/irrcac_published.json holds what the vignette of irrCAC 1.0 prints, kept by hand with the
# digits printed. Needs Debian's r-base-core and r-cran-psych.

suppressMessages(library(psych))

# Shrout & Fleiss 1979, table 2: six targets, four judges.
judges <- matrix(
  c(9, 2, 5, 8, 6, 1, 3, 2, 8, 4, 6, 8, 7, 1, 2, 6, 10, 5, 6, 9, 6, 2, 4, 7), ncol = 4, byrow = TRUE
)
# Made: marked segments of ten sessions by three coders.
segments <- matrix(
  c(2, 3, 2, 0, 0, 1, 5, 4, 6, 1, 1, 1, 3, 5, 4, 0, 1, 0, 7, 6, 6, 2, 2, 4, 4, 4, 3, 1, 3, 2),
  ncol = 3, byrow = TRUE
)
# irrCAC's cont3x3abstractors: ectopic, abnormal and normal pregnancies by two abstractors.
abstractors <- matrix(c(13, 0, 0, 0, 20, 7, 0, 4, 56), ncol = 3, byrow = TRUE)
# irrCAC's cac.raw4raters, which is Krippendorff's example of 2011 with its four observers.
raters <- matrix(
  c(1, 1, NA, 1, 2, 2, 3, 2, 3, 3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 2, 1, 2, 3, 4, 4, 4, 4, 4, 1, 1, 2, 1,
    2, 2, 2, 2, NA, 5, 5, 5, NA, NA, 1, 1, NA, NA, 3, NA),
  ncol = 4, byrow = TRUE
)
# Made: intensity (none, micro, major) of thirty turns by three coders.
levels3 <- matrix(
  c(0, 0, 0, 0, 0, 0, 1, 1, 0, 2, 2, 1, 0, 1, 0, 0, 0, 0, 1, 2, 2, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 1,
    2, 2, 2, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 2, 1, 2, 0, 0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 2,
    0, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 2, 2, 2, 0, 0, 0),
  ncol = 3, byrow = TRUE
)

pairs_of <- function(table) {
  cells <- which(table > 0, arr.ind = TRUE)
  cells[rep(seq_len(nrow(cells)), table[cells]), ]
}

iccs <- function(x) as.numeric(t(as.matrix(ICC(x, lmer = FALSE)$results[, c(2, 7, 8)])))
two_kappa <- function(table) {
  k <- cohen.kappa(table)
  c(k$kappa, k$weighted.kappa)
}

weights_of <- function(kind, v) {
  d <- abs(outer(v, v, "-"))
  if (kind == "identity") return(1 * (d == 0))
  if (kind == "quadratic") d <- d^2
  1 - d / max(d)
}

# A coefficient of complete ratings x when unit i counts u[i] times.
coefficient <- function(name, x, kind, u) {
  v <- sort(unique(as.vector(x)))
  w <- weights_of(kind, v)
  u <- u / sum(u)
  q <- length(v)
  r <- ncol(x)
  at <- matrix(match(x, v), ncol = r)
  couples <- combn(r, 2)
  pa <- mean(apply(couples, 2, function(p) sum(u * w[cbind(at[, p[1]], at[, p[2]])])))
  shares <- sapply(1:r, function(g) sapply(1:q, function(k) sum(u[at[, g] == k])))
  all <- rowMeans(shares)
  pe <- switch(name,
    agreed = 0,
    kappa = mean(apply(couples, 2, function(p) sum(w * outer(shares[, p[1]], shares[, p[2]])))),
    fleiss = sum(w * outer(all, all)),
    pabak = sum(w) / q^2,
    ac = sum(w) / (q * (q - 1)) * sum(all * (1 - all))
  )
  (pa - pe) / (1 - pe)
}

# Value, standard error by the infinitesimal jackknife, and the interval.
told <- function(name, x, kind = "identity") {
  n <- nrow(x)
  value <- coefficient(name, x, kind, rep(1, n))
  moved <- sapply(1:n, function(i) {
    h <- 1e-4
    up <- down <- rep(1, n)
    up[i] <- 1 + h
    down[i] <- 1 - h
    n * (coefficient(name, x, kind, up) - coefficient(name, x, kind, down)) / (2 * h)
  })
  se <- sqrt(sum(moved^2) / (n * (n - 1)))
  c(value, se, value - qt(0.975, n - 1) * se, min(1, value + qt(0.975, n - 1) * se))
}

# Krippendorff's alpha from its coincidence matrix.
alpha <- function(x, level) {
  v <- sort(unique(as.vector(x[!is.na(x)])))
  o <- matrix(0, length(v), length(v))
  for (i in seq_len(nrow(x))) {
    own <- x[i, !is.na(x[i, ])]
    m <- length(own)
    if (m < 2) next
    for (a in 1:m) for (b in 1:m) if (a != b) {
      j <- match(own[a], v)
      k <- match(own[b], v)
      o[j, k] <- o[j, k] + 1 / (m - 1)
    }
  }
  nc <- rowSums(o)
  n <- sum(nc)
  d <- outer(seq_along(v), seq_along(v), Vectorize(function(a, b) {
    switch(level,
      nominal = 1 * (a != b),
      interval = (v[a] - v[b])^2,
      ratio = if (v[a] + v[b] == 0) 0 else ((v[a] - v[b]) / (v[a] + v[b]))^2,
      ordinal = (sum(nc[a:b]) - (nc[a] + nc[b]) / 2)^2
    )
  }))
  1 - (n - 1) * sum(o * d) / sum(outer(nc, nc) * d)
}

calls <- c(
  "iccs(judges)",
  "iccs(segments)",
  "two_kappa(abstractors)",
  "told('agreed', pairs_of(abstractors))",
  "told('kappa', pairs_of(abstractors))",
  "told('kappa', pairs_of(abstractors), 'linear')",
  "told('kappa', pairs_of(abstractors), 'quadratic')",
  "told('fleiss', pairs_of(abstractors))",
  "told('pabak', pairs_of(abstractors))",
  "told('ac', pairs_of(abstractors))",
  "told('ac', pairs_of(abstractors), 'quadratic')",
  "told('agreed', levels3)",
  "told('kappa', levels3)",
  "told('kappa', levels3, 'linear')",
  "told('kappa', levels3, 'quadratic')",
  "told('fleiss', levels3)",
  "told('fleiss', levels3, 'linear')",
  "told('pabak', levels3, 'quadratic')",
  "told('ac', levels3)",
  "told('ac', levels3, 'linear')",
  "told('ac', levels3, 'quadratic')",
  "alpha(raters, 'nominal')",
  "alpha(raters, 'ordinal')",
  "alpha(raters, 'interval')",
  "alpha(raters, 'ratio')",
  "alpha(levels3, 'nominal')",
  "alpha(levels3, 'ordinal')",
  "alpha(levels3, 'interval')"
)

as_json <- function(value) {
  paste0("[", paste(ifelse(is.na(value), "null", sprintf("%.15g", value)), collapse = ", "), "]")
}
cases <- sapply(calls, function(call) {
  sprintf("    {\"call\": \"%s\", \"value\": %s}", call, as_json(eval(parse(text = call))))
})
data <- sapply(c("judges", "segments", "abstractors", "raters", "levels3"), function(name) {
  x <- get(name)
  rows <- apply(x, 1, as_json)
  sprintf("    \"%s\": [%s]", name, paste(rows, collapse = ", "))
})
made_with <- paste(R.version.string, paste("psych", packageVersion("psych")), sep = ", ")
cat("{\n  \"r\": \"", made_with, "\",\n  \"data\": {\n", sep = "")
cat(paste(data, collapse = ",\n"), "\n  },\n  \"cases\": [\n", sep = "")
cat(paste(cases, collapse = ",\n"), "\n  ]\n}\n", sep = "")
