// SPDX-FileCopyrightText: The faintweb developers
// SPDX-License-Identifier: GPL-3.0-or-later

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/campaign/campaign.h"
#include "lib/campaign/value.h"

namespace faintweb::campaign {

/// What else becomes of a run when a key changes.
enum class Effect {
    results,  ///< other rows in the catalogue, or another model
    input,    ///< names an input file, whose content counts and not its name
    running,  ///< how and where the run goes; the results stay the same
};

/// One key of a campaign file. All that is known about it comes from its one declaration in
/// keys/: parser, default, range, unit and help.
struct Key {
    std::string name;     ///< dotted: "train.epochs", "seed"
    std::string type;     ///< "whole number", "list of text"
    std::string allowed;  ///< "[1, 100]", "cpu or cuda"; empty if all of the type is
    std::string unit;     ///< empty if it has none
    std::string help;
    Effect effect = Effect::results;
    bool is_required = false;
    std::function<void(Campaign&, const Node&)> read;  ///< throws Fault
    std::function<std::string(const Campaign&)> print;

    Key& required() {
        is_required = true;
        return *this;
    }
    Key& only_running() {
        effect = Effect::running;
        return *this;
    }
    Key& input_file() {
        effect = Effect::input;
        return *this;
    }

    std::string section() const;  ///< "train", empty at the top level
    std::string leaf() const;     ///< "epochs"
};

/// A section of a campaign file; the top level has neither name nor help.
struct SectionHelp {
    std::string name;
    std::string help;
};

/// Every key of a campaign file, section by section, in the order of dump_defaults().
class Keys {
  public:
    static const Keys& all();

    const std::vector<Key>& list() const { return list_; }
    const std::vector<SectionHelp>& sections() const { return sections_; }
    const Key* find(const std::string& name) const;
    bool has_section(const std::string& name) const;

    void add_section(SectionHelp section);
    /// @return  the key in the list, until the next is added.
    Key& add(Key key);

  private:
    Keys();

    std::vector<Key> list_;
    std::vector<SectionHelp> sections_;
};

}  // namespace faintweb::campaign
