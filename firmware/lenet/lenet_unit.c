// SPDX-License-Identifier: MIT OR Apache-2.0
/* Inference on the unit, exact or approximate, as each layer's configuration says. */
#include "inference.h"

#include "maps.h"
#include "windows.h"

/* A layer with one output a map: `inputs` windows of side x side. */
static void one_window(const struct network *network, const struct layer *layer, uint32_t inputs,
                       uint32_t side, uint32_t configuration) {
  struct windows windows = {
      .finish = finish_of(network, layer),
      .outputs = layer->outputs,
      .inputs = inputs,
      .side = (int32_t)side,
      .configuration = configuration,
      .threshold = layer->threshold,
      .weights = layer->weights,
      .input = layer->input,
      .bias = layer->bias,
      .output = layer->output,
      .sums = network->scratch,
      .carry = (uint32_t *)network->scratch + layer->outputs,
  };
  convolve_windows(&windows);
}

static void convolution(const struct network *network, const struct layer *layer) {
  if (layer->width == layer->side && layer->height == layer->side) {
    one_window(network, layer, layer->inputs, layer->side, layer->configuration);
  } else {
    convolve_maps(network, layer);
  }
}

/* Always exact; inputs and weights are filled up to whole windows. */
static void dense(const struct network *network, const struct layer *layer) {
  uint32_t windows = (layer->inputs + DENSE_CHUNK - 1) / DENSE_CHUNK;
  one_window(network, layer, windows, DENSE_SIDE, CONV_EXACT);
}
