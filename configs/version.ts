/** The version of this project: package.json's, which a built package cannot read. A test compares them. */
export const version = "0.1.0";
