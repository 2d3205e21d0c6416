import { runProgram } from "./support/program";
test("x", async () => {
  for (let i=0;i<4;i++){ 
  let t=Date.now();
  await runProgram("dev", {}, {program: () => { const a=Date.now(); require("../../index"); const m=Object.keys((jest as any)); console.log("before",a-t,"index", Date.now()-a); t=Date.now(); }});
  console.log("after", Date.now()-t);
  }
});
