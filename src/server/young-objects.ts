import { setFlagsFromString } from "node:v8";

/**
 * V8 puts objects of a kind that often outlived a collection into old memory at once. Here, each collection
 * finds hundreds of calls in flight, so it did that to parts of calls; each then kept all of its call until all memory was
 * looked through. Measured under full load, together with what else lets go of ended calls: collections of 14 ms are 6 ms. Those
 * of all memory are still long: much of their time is for the values of headers, which Node keeps outside of V8's heap.
 */
export function keepNewObjectsYoung(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}
