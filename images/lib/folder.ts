import { resolve } from "node:path";

/** The folder with the sources of all images. */
export const imagesDir = resolve(__dirname, "..");
