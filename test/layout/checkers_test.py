"""The checks beside this file must find what they are for, and nothing else."""

import unittest

import check_includes
import check_text

GOOD = {
    "lib/base/log.h": "#pragma once\n#include <string>\n",
    "lib/base/log.cc": '#include "lib/base/log.h"\n#include <spdlog/spdlog.h>\nvoid f() { std::printf("x"); }\n',
    "lib/image/image.h": '#pragma once\n#include "lib/base/log.h"\n',
    "lib/image/fits.cc": '#include <fitsio.h>\n#include "lib/image/image.h"\n',
    "lib/learn/layers.h": "#pragma once\n#include <torch/torch.h>\n",
    "lib/infer/classifier.h": "#pragma once\n",
    "lib/infer/classifier.cc": '#include "lib/learn/layers.h"\n',
    "test/lib/learn/layers_test.cc": '#include <gtest/gtest.h>\n#include "lib/learn/layers.h"\n',
    "test/campaign/run_test.cc": '#include "mpi/comm/session.h"\n',
    "mpi/comm/session.h": "#pragma once\n",
    "mpi/comm/session.cc": '#include <mpi.h>\n#include "mpi/comm/session.h"\n#include "lib/infer/classifier.h"\n',
    "lib/tile/grid.cc": '// printf("x") in a comment\nconst char* a = "std::cout";\nvoid g() { snprintf(b, 1, "x"); }\n',
    "lib/tile/table.cc": 'void g() { std::fprintf(file, "x"); log.printf("x"); long c = 1\'000; }\n',
}


class Includes(unittest.TestCase):
    def problems_with(self, path, text):
        return check_includes.find_problems({**GOOD, path: text})

    def assert_one(self, path, text, part):
        found = self.problems_with(path, text)
        self.assertEqual(len(found), 1, found)
        self.assertIn(part, found[0])
        self.assertTrue(found[0].startswith(path + ":"), found[0])

    def test_good_tree_has_no_problem(self):
        self.assertEqual(check_includes.find_problems(GOOD), [])

    def test_upward_include(self):
        self.assert_one("lib/image/bad.cc", '#include "lib/infer/classifier.h"\n', "upwards")
        self.assert_one("lib/image/bad.cc", '  #  include "mpi/comm/session.h"\n', "upwards")
        self.assert_one("test/lib/image/bad_test.cc", '#include "mpi/comm/session.h"\n', "upwards")

    def test_upward_include_between_rooms_of_a_folder(self):
        tree = {**GOOD, "lib/sky/box/mesh.h": "#pragma once\n",
                "lib/sky/cosmology/bad.cc": '#include "lib/sky/box/mesh.h"\n'}
        self.assertIn("upwards", check_includes.find_problems(tree)[0])
        tree = {**GOOD, "lib/sky/box/fft.cc": "#include <fftw3.h>\n"}
        self.assertEqual(check_includes.find_problems(tree), [])

    def test_file_in_no_room(self):
        self.assert_one("mpi/bad.cc", "int f();\n", "no room")
        self.assert_one("lib/other/bad.cc", "int f();\n", "no room")

    def test_library_outside_its_folder(self):
        for header in ("torch/torch.h", "ATen/ATen.h", "yaml-cpp/yaml.h", "mpi.h", "nccl.h", "hdf5.h",
                       "spdlog/spdlog.h", "fmt/core.h", "CLI/CLI.hpp", "cairo.h", "cairo/cairo.h",
                       "wcslib/wcs.h", "fitsio.h", "gsl/gsl_math.h", "fftw3.h", "gtest/gtest.h"):
            self.assert_one("lib/tile/bad.cc", f"#include <{header}>\n", "belongs in")
        for header in ("torch/torch.h", "yaml-cpp/yaml.h", "mpi.h", "hdf5.h"):
            self.assert_one("apps/bad.cc", f"#include <{header}>\n", "belongs in")

    def test_test_follows_the_folder_it_mirrors(self):
        self.assert_one("test/lib/tile/bad_test.cc", "#include <torch/torch.h>\n", "belongs in")

    def test_inner_header_seen_from_outside(self):
        self.assert_one("mpi/comm/bad.cc", '#include "lib/learn/layers.h"\n', "inner header")

    def test_inner_header_through_another(self):
        tree = {**GOOD, "lib/learn/more.h": '#pragma once\n#include "lib/learn/layers.h"\n',
                "mpi/comm/bad.cc": '#include "lib/learn/more.h"\n'}
        self.assertIn("inner header", check_includes.find_problems(tree)[0])

    def test_path_not_from_the_root(self):
        self.assert_one("lib/base/bad.cc", '#include "log.h"\n', "no such file")
        self.assert_one("lib/base/bad.cc", '#include "../base/log.h"\n', "no such file")
        self.assert_one("lib/base/bad.cc", "#include <lib/base/log.h>\n", "it is ours")

    def test_library_includes_a_test(self):
        self.assert_one("lib/base/bad.cc", '#include "test/lib/base/sample.h"\n', "a test")

    def test_printing(self):
        for line in ('std::cout << 1;', 'printf("x");', 'std::printf("x");', 'puts("x");',
                     'std::fprintf(stderr, "x");', 'fputs("x", stdout);'):
            self.assert_one("lib/tile/bad.cc", f"void f() {{ {line} }}\n", "prints")

    def test_header_without_pragma(self):
        self.assert_one("lib/tile/bad.h", "int f();\n", "#pragma once")


class Text(unittest.TestCase):
    def test_machine_paths_and_registry_hosts(self):
        for line in ("cd /" + "home/ann/maps", "/" + "root/.cache",
                     "https://files.pythonhosted." + "org/torch", "index: pypi." + "org/simple"):
            self.assertEqual(len(check_text.machine_problems("a.sh", "ok\n" + line)), 1, line)
            self.assertTrue(check_text.machine_problems("a.sh", "ok\n" + line)[0].startswith("a.sh:2:"))

    def test_ordinary_text_passes(self):
        text = "~/.cache $HOME/data/x lib/data/x ${TMPDIR}/x https://www.gnu.org/licenses/ /tiles /dev/null\n/usr/local/cuda /data/a.fits"
        self.assertEqual(check_text.machine_problems("README.md", text), [])

    def test_documents_name_files(self):
        text = "See `jobs/demo.sh` and [this](doc/a.png).\n```\nbash test/run.sh > results/x\n```\nlib/prose.h\n`lib/*/x` `lib/X/a`"
        self.assertEqual(check_text.named_files(text), ["doc/a.png", "jobs/demo.sh", "lib/X/a", "test/run.sh"])
        problems = check_text.document_problems("README.md", text, lambda name: name == "jobs/demo.sh")
        self.assertEqual(len(problems), 3)
        self.assertIn("doc/a.png", problems[0])

    def test_markdown_files_that_a_text_names(self):
        gone, there = "GONE" + ".md", "docs/words" + ".md"
        for text in (f"// the words of {gone}, section 2", f"# see ../{gone}", f"[it]({gone}#part)"):
            problems = check_text.markdown_name_problems("lib/a.h", text, lambda name: name == there)
            self.assertEqual(len(problems), 1, text)
            self.assertIn(gone, problems[0])
        for path, text in (("lib/a.h", there), ("docs/user/b", "../words" + ".md"), ("docs/b", "words" + ".md"),
                           ("a.sh", "docs/**/*.md $folder/x.md https://a.org/x.md x.mdx")):
            self.assertEqual(check_text.markdown_name_problems(path, text, lambda name: name == there), [], text)

    def test_links_lead_somewhere(self):
        words = "docs/words" + ".md"
        texts = {words: "# The `map`, a word\n```\n# no heading\n```\n", "docs": ""}
        link = "[w](../words" + ".md%s) [u](https://a.org/b) [d](..)"
        for anchor in ("", "#the-map-a-word"):
            self.assertEqual(check_text.link_problems("docs/user/a", link % anchor, texts.get), [])
        self.assertEqual(len(check_text.link_problems("docs/user/a", link % "#no-heading", texts.get)), 1)
        self.assertEqual(len(check_text.link_problems("docs/a", link, texts.get)), 2)
        self.assertEqual(check_text.link_problems("a", "# A\n[a](#a)", {"a": "# A"}.get), [])


if __name__ == "__main__":
    unittest.main()
